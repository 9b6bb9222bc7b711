import type { TaskContext } from '../workflow/index.js';

/** The abort signal of one piece of work: the run's, and a time limit of its own if it has one. */
export class TimeLimit {
  readonly signal: AbortSignal;
  /** Stops the clock and leaves the run's signal alone again. */
  readonly end: () => void;

  /**
   * @param limitMs milliseconds, or undefined for no limit of its own
   * @param reasonOf makes the signal's reason when the time is over
   */
  constructor(
    { signal, clock }: Pick<TaskContext, 'signal' | 'clock'>,
    limitMs: number | undefined,
    reasonOf: (limitMs: number) => Error,
  ) {
    if (limitMs === undefined) {
      this.signal = signal;
      this.end = () => undefined;
      return;
    }
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const timer = clock.after(limitMs, () => controller.abort(reasonOf(limitMs)));
    this.signal = controller.signal;
    this.end = () => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
    };
  }
}
