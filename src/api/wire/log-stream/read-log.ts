import { OverloadedError, RunAbortedError, RunLeftError } from '../../../errors/index.js';
import type { AbortNotice } from '../../../kernel/index.js';
import type { LoggedEvent, LoggedRuns } from '../../../runs/index.js';

/** See {@link RunLeftError}. */
export interface LeftAdvice {
  /** The sentence that shows the client where to find the output of the run. */
  readonly advice: string;
  /** True if the same request finds the same run. */
  readonly isRepeatable: boolean;
}

/** Options for reading a log as a whole. */
interface LogReading {
  /** The run's own id. */
  readonly id: string;
  /** Number of the next event to read. */
  readonly from: number;
  /** Aborts when the client leaves. */
  readonly signal: AbortNotice;
  /** The advice for the client if this process has to leave the run. */
  readonly left: LeftAdvice;
}

/**
 * Reads a log to its end or until the reader needs no more, as one of the run's readers.
 * @throws RunAbortedError if the run is removed, or the client leaves; RunLeftError if it continues later or in another
 *   process, or if the store is unavailable; OverloadedError in place of the latter for a request that finds the same
 *   run when repeated
 */
export async function* readLog(
  runs: LoggedRuns,
  { id, from, signal, left }: LogReading,
): AsyncGenerator<readonly LoggedEvent[]> {
  const follower = runs.follow(id, from);
  const leave = (): void => follower.close();
  signal.addEventListener('abort', leave);
  try {
    for (;;) {
      const events = await follower.next();
      if (signal.aborted) throw new RunAbortedError('client_disconnected');
      if (events === 'gone') throw new RunAbortedError('cancelled');
      if (events === 'released') throw makeLeftError(runs, left);
      if (events === 'over') return;
      yield events;
    }
  } catch (error) {
    // The client must not begin another run.
    throw error instanceof OverloadedError && !left.isRepeatable ? makeLeftError(runs, left) : error;
  } finally {
    signal.removeEventListener('abort', leave);
    leave();
  }
}

/** The error for a client whose run this process has to leave. */
export function makeLeftError(runs: LoggedRuns, { advice, isRepeatable }: LeftAdvice): RunLeftError {
  return new RunLeftError(runs.isDraining ? 'shutdown' : 'store_away', advice, isRepeatable);
}
