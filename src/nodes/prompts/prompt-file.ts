/** A prompt in a file of its own. Make it with {@link promptFile}. */
export class PromptFile {
  constructor(readonly url: URL) {}
}

/**
 * Names a prompt file beside a source file: `promptFile('./prompts/answer.md', import.meta.url)`.
 * @param base `import.meta.url` of the file that names it
 */
export function promptFile(path: string, base: string): PromptFile {
  return new PromptFile(new URL(path, base));
}
