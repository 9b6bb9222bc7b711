/** A prompt file is missing, cannot be read, or was given the wrong variables. */
export class PromptError extends Error {
  /** @param file the path of the prompt file */
  constructor(
    readonly file: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`The prompt file ${file} ${problem}`, options);
    this.name = 'PromptError';
  }
}
