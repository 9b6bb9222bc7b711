import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

declare const VARIABLES: unique symbol;

/** A prompt in a file of its own. Make it with {@link promptFile}. */
export class PromptFile<in Variables extends object = object> {
  /** Holds the type for the compiler; no such property exists. */
  declare readonly [VARIABLES]: (variables: Variables) => void;

  /** @param path its absolute path; in a compiled program, that of the build's copy */
  constructor(readonly path: string) {}
}

/**
 * Names a prompt file beside a source file, and the variables that it is given:
 * `promptFile<{ topic: string }>('./prompts/answer.md', import.meta.url)`.
 * @param path a path, no address: `#`, `%`, `?` and blanks are characters of its name like any other
 * @param base `import.meta.url` of the file that names it
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- an agent's input is inferred from it
export function promptFile<Variables extends object = object>(path: string, base: string): PromptFile<Variables> {
  return new PromptFile(resolve(dirname(fileURLToPath(base)), path));
}
