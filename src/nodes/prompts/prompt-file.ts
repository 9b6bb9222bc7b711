import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A prompt in a file of its own. Make it with {@link promptFile}. */
export class PromptFile {
  /** @param path its absolute path; in a compiled program, that of the build's copy */
  constructor(readonly path: string) {}
}

/**
 * Names a prompt file beside a source file: `promptFile('./prompts/answer.md', import.meta.url)`.
 * @param path a path, no address: `#`, `%`, `?` and blanks are characters of its name like any other
 * @param base `import.meta.url` of the file that names it
 */
export function promptFile(path: string, base: string): PromptFile {
  return new PromptFile(resolve(dirname(fileURLToPath(base)), path));
}
