import type { AccessConfig } from '../../config/index.js';
import { OverloadedError } from '../../errors/index.js';
import { type AbortNotice, Cancellation, type Clock, Semaphore } from '../../kernel/index.js';

/** How long a client is asked to wait, in milliseconds. */
const RETRY_AFTER_MS = 2_000;

/** Makes the error for a request that this server is too busy for. */
export function makeOverloadedError(diagnostic: string): OverloadedError {
  return new OverloadedError('The server is busy with other requests. Try again in a moment.', {
    code: 'server_overloaded',
    retryAfterMs: RETRY_AFTER_MS,
    diagnostic,
  });
}

/** Bounds the number of open runs. A bounded number of further requests wait in order, for a bounded time. */
export class PlaceQueue {
  readonly #places: Semaphore;

  constructor(
    private readonly config: Pick<AccessConfig['overload'], 'maxConcurrentRuns' | 'maxQueuedRuns' | 'maxQueueWaitMs'>,
    private readonly clock: Clock,
  ) {
    const { maxConcurrentRuns } = config;
    this.#places = new Semaphore(maxConcurrentRuns > 0 ? maxConcurrentRuns : Infinity);
  }

  /** How many requests wait. */
  get waiting(): number {
    return this.#places.waiting;
  }

  /** True if a further request could not even wait. */
  get isFull(): boolean {
    return !this.#places.isFree && this.waiting >= this.config.maxQueuedRuns;
  }

  /**
   * Takes a place among the runs: at once (then it returns undefined), or when one is free. The holder of a place must
   * {@link leave}.
   * @param signal aborts when the client leaves
   * @throws OverloadedError if too many wait already; the promise rejects with it if the wait is too long, and with a
   *   RunAbortedError if the client leaves
   */
  enter(signal: AbortNotice): Promise<void> | undefined {
    if (this.#places.take()) return undefined;
    if (this.isFull) throw makeOverloadedError('the queue is full');
    return this.#wait(signal);
  }

  /** Gives the place back, to the request that has waited longest if one waits. */
  leave(): void {
    this.#places.giveBack();
  }

  async #wait(signal: AbortNotice): Promise<void> {
    const { maxQueueWaitMs } = this.config;
    const wait = new Cancellation();
    const onLeft = (): void => wait.abort(signal.reason);
    if (signal.aborted) onLeft();
    else signal.addEventListener('abort', onLeft, { once: true });
    const limit = this.clock.after(maxQueueWaitMs, () => {
      wait.abort(makeOverloadedError(`${maxQueueWaitMs} ms in the queue were not enough`));
    });
    try {
      await this.#places.wait(wait);
    } finally {
      limit.cancel();
      signal.removeEventListener('abort', onLeft);
    }
  }
}
