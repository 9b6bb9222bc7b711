import { RunAbortedError, toMillraceError } from '../errors/index.js';
import { type AbortNotice, isError } from '../kernel/index.js';
import type { EventLevel } from '../workflow/index.js';

/** How a span or trace ended. */
export interface TraceEnding {
  readonly level?: EventLevel;
  readonly statusMessage?: string;
}

/** How a failure shows in a trace: a warning if it was ended from outside, otherwise an error. */
export function makeTraceEnding(thrown: unknown, signal: AbortNotice): TraceEnding {
  if (isError(thrown) && thrown instanceof RunAbortedError)
    return { level: 'WARNING', statusMessage: `aborted: ${thrown.abortCause}` };
  if (signal.aborted) return { level: 'WARNING', statusMessage: 'aborted: another step failed' };
  const error = toMillraceError(thrown);
  return { level: 'ERROR', statusMessage: `${error.code ?? error.name}: ${error.diagnostic ?? error.message}` };
}
