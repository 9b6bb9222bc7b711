import { OverloadedError, RunAbortedError, RunLeftError } from '../../../errors/index.js';
import type { AbortNotice } from '../../../kernel/index.js';
import type { LoggedEvent, LoggedRuns } from '../../../runs/index.js';

/** See {@link RunLeftError}. */
export interface RunLeft {
  /** How the client finds what the run gives: a sentence. */
  readonly advice: string;
  /** True if the same request finds the same run. */
  readonly isRepeatable: boolean;
}

/** How a log is read by whoever waits for what it gives as a whole. */
export interface LogReading {
  /** The run's own id. */
  readonly id: string;
  /** Number of the next event to read. */
  readonly from: number;
  /** Aborts when the client leaves. */
  readonly signal: AbortNotice;
  /** What the client is told if this process has to leave the run. */
  readonly left: RunLeft;
}

/**
 * Reads a log until it is over, or the reader has enough, as one of the run's readers.
 * @throws RunAbortedError if the run is removed, or the client leaves; RunLeftError if it goes on later, or in another process, or the
 *   store is away; for a request that finds the same run when it is repeated, OverloadedError if the store is away
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
    // The client is not to begin another run.
    throw error instanceof OverloadedError && !left.isRepeatable ? makeLeftError(runs, left) : error;
  } finally {
    signal.removeEventListener('abort', leave);
    leave();
  }
}

/** The error for a client whose run this process has to leave. */
export function makeLeftError(runs: LoggedRuns, { advice, isRepeatable }: RunLeft): RunLeftError {
  return new RunLeftError(runs.isDraining ? 'shutdown' : 'store_away', advice, isRepeatable);
}
