import { RunAbortedError, toMillraceError } from '../errors/index.js';
import { type AbortNotice, isError } from '../kernel/index.js';
import type { EventLevel } from '../workflow/index.js';

/** How a step or a run ended, for observers. */
export interface EndingFacts {
  readonly level?: EventLevel;
  readonly statusMessage?: string;
}

/** Describes a failure for observers: a warning if the step or run was ended from outside, otherwise an error. */
export function describeEnding(thrown: unknown, signal: AbortNotice): EndingFacts {
  if (isError(thrown) && thrown instanceof RunAbortedError)
    return { level: 'WARNING', statusMessage: `aborted: ${thrown.abortCause}` };
  if (signal.aborted) return { level: 'WARNING', statusMessage: 'aborted: another step failed' };
  const error = toMillraceError(thrown);
  return { level: 'ERROR', statusMessage: `${error.code ?? error.name}: ${error.diagnostic ?? error.message}` };
}
