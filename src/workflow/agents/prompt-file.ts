import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

declare const VARIABLES: unique symbol;

/** A prompt in a file. Make it with {@link promptFile}. */
export class PromptFile<in Variables extends object = object> {
  /** Holds the type for the compiler; no such property exists. */
  declare readonly [VARIABLES]: (variables: Variables) => void;

  /** @param path the absolute path; in a compiled program, that of the copy in the build */
  constructor(readonly path: string) {}
}

/**
 * Names a prompt file by its path from a source file, and the variables that it takes: `promptFile<{ topic: string
 * }>('./prompts/answer.md', import.meta.url)`.
 * @param path a path, not a URL: `#`, `%`, `?` and blanks have no special meaning
 * @param base `import.meta.url` of the source file
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- an agent's input is inferred from it
export function promptFile<Variables extends object = object>(path: string, base: string): PromptFile<Variables> {
  return new PromptFile(resolve(dirname(fileURLToPath(base)), path));
}
