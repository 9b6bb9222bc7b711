import type { RunEvent, RunFailed } from '../../engine/index.js';
import { readOutcome, RunOutputTooLargeError } from '../../errors/index.js';
import { Cancellation } from '../../kernel/index.js';
import type { ReadFailure, RunReader } from '../run-events.js';
import type { LoggedEnding } from '../store/run-log-store.js';
import { type LoggedEvent, makeLoggedEvent } from './logged-event.js';
import type { OpenLog } from './open-log.js';

/** Most characters of one log. A run that says more fails: a log never loses its beginning. */
const LONGEST_LOG = 64 * 1024 ** 2;

/** Writes what happens in a run into its log. */
export class RunRecorder implements RunReader {
  readonly fault = new Cancellation();
  readonly #log: OpenLog;
  #last: RunEvent | undefined;

  /** @param wantsContent true if clients are to be told what happens in the workflow */
  constructor(
    log: OpenLog,
    readonly wantsContent: boolean,
  ) {
    this.#log = log;
  }

  /** The run's last event, which is not in the log yet: whoever sees it must find all else that is kept of the run. */
  get last(): RunEvent | undefined {
    return this.#last;
  }

  next(event: Exclude<RunEvent, RunFailed>): void {
    if (event.type === 'run-finished') {
      this.#last = event;
      return;
    }
    this.#log.write(makeLoggedEvent(event, this.#log.now()));
    if (this.#log.writtenLength > LONGEST_LOG) this.fault.abort(new RunOutputTooLargeError(LONGEST_LOG));
  }

  failed({ error, thrown, event }: ReadFailure): void {
    this.#last = event ?? { type: 'run-failed', seq: 0, error, outcome: readOutcome(thrown) };
  }
}

/** How a run has ended, in the words of its last event. */
export function readEnding(last: LoggedEvent): LoggedEnding {
  const { at: finishedAt } = last;
  if (last.type === 'run-failed') {
    const { error, node, usage } = last;
    return { status: last.outcome === 'cancelled' ? 'cancelled' : 'failed', finishedAt, error, node, usage };
  }
  const { finishReason, usage } = last.type === 'run-finished' ? last : {};
  return { status: 'completed', finishedAt, finishReason, usage };
}
