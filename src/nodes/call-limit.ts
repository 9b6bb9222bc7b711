import { UpstreamError } from '../errors/index.js';
import type { TaskContext } from '../workflow/index.js';

/** The abort signal of one model call: the run's, and the agent's own time limit if it has one. */
export class CallLimit {
  readonly signal: AbortSignal;
  /** Stops the clock and leaves the run's signal alone again. */
  readonly end: () => void;

  /** @param timeoutMs milliseconds, or undefined for no limit of its own */
  constructor({ signal, clock }: TaskContext, timeoutMs: number | undefined) {
    if (timeoutMs === undefined) {
      this.signal = signal;
      this.end = () => undefined;
      return;
    }
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const timer = clock.after(timeoutMs, () =>
      controller.abort(
        new UpstreamError(`A model call took longer than the ${timeoutMs} ms that its node allows.`, {
          status: 504,
          code: 'upstream_timeout',
        }),
      ),
    );
    this.signal = controller.signal;
    this.end = () => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
    };
  }
}
