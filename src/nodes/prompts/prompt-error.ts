/** A prompt file is missing, cannot be read, or was given other variables than it needs. */
export class PromptError extends Error {
  /** @param file its path */
  constructor(
    readonly file: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`The prompt file ${file} ${problem}`, options);
    this.name = 'PromptError';
  }
}
