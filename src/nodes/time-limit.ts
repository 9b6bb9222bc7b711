import { Cancellation } from '../kernel/index.js';
import { TaskContext } from '../workflow/index.js';

/** The abort signal of one piece of work: that of the run, with a time limit of its own if it has one. */
export class TimeLimit {
  readonly signal: AbortSignal | Cancellation;
  /** Stops the timer and removes the listener from the run's signal. */
  readonly end: () => void;

  /**
   * @param limitMs milliseconds, or undefined for no limit of its own
   * @param makeReason makes the signal's abort reason when the time is over
   */
  constructor(context: TaskContext, limitMs: number | undefined, makeReason: (limitMs: number) => Error) {
    const abort = TaskContext.readAbort(context);
    if (limitMs === undefined) {
      this.signal = abort;
      this.end = NOTHING;
      return;
    }
    const cancellation = new Cancellation(abort instanceof Cancellation ? abort.onListenerError : undefined);
    const onAbort = (): void => cancellation.abort(abort.reason);
    if (abort.aborted) onAbort();
    abort.addEventListener('abort', onAbort, { once: true });
    const timer = context.clock.after(limitMs, () => cancellation.abort(makeReason(limitMs)));
    this.signal = cancellation;
    // Assigned through a local name: assigned directly, the closure would keep the run in memory until the next major
    // collection.
    const end = (): void => {
      timer.cancel();
      abort.removeEventListener('abort', onAbort);
    };
    this.end = end;
  }
}

const NOTHING = (): void => undefined;
