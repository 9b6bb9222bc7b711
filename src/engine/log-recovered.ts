import { formatStackForLog, InternalError, type MillraceError } from '../errors/index.js';
import { type CallName, describeFailure, type StepLogger } from '../workflow/index.js';

/** The client never sees this failure, so the log is the only place where it shows. */
export function logRecovered(log: StepLogger, error: MillraceError, call: CallName | undefined): void {
  const { words, facts } = describeFailure(error);
  const isBug = error instanceof InternalError;
  log.write(
    isBug ? 'error' : 'warn',
    `continues with the substitute output of a step that failed: ${words}`,
    { ...call, ...facts },
    isBug ? formatStackForLog(error.cause) : undefined,
  );
}
