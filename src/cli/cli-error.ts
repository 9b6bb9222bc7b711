/** A command cannot do what the user asked. The message is all that the user needs, so no stack is shown. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
}

/** The command line itself is wrong. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';
}
