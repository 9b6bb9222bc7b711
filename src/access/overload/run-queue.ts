import type { AccessConfig } from '../../config/index.js';
import { OverloadedError } from '../../errors/index.js';
import type { AbortNotice, Clock } from '../../kernel/index.js';

/** How long a client is asked to wait, in milliseconds. */
const RETRY_AFTER_MS = 2_000;

/** The answer to a request that this server is too busy for. */
export function overloadedError(diagnostic: string): OverloadedError {
  return new OverloadedError('The server is busy with other requests. Try again in a moment.', {
    code: 'server_overloaded',
    retryAfterMs: RETRY_AFTER_MS,
    diagnostic,
  });
}

/** Bounds the number of runs. Those above it wait for their turn, first come, first served, but not many and not for long. */
export class RunQueue {
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(
    private readonly config: Pick<AccessConfig['overload'], 'maxConcurrentRuns' | 'maxQueuedRuns' | 'maxQueueWaitMs'>,
    private readonly clock: Clock,
  ) {}

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** True if one more could not even wait. */
  get isFull(): boolean {
    return this.#isBusy && this.#waiting.size >= this.config.maxQueuedRuns;
  }

  /**
   * Takes a place among the runs: at once (undefined), or when one is free. Whoever has it must {@link leave}.
   * @param signal of the client that leaves
   * @throws OverloadedError if too many wait already; the promise rejects with it if the wait is too long, and with a
   *   RunAbortedError if the client leaves
   */
  enter(signal: AbortNotice): Promise<void> | undefined {
    if (!this.#isBusy) {
      this.#running++;
      return undefined;
    }
    if (this.isFull) throw overloadedError('the queue is full');
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(onTurn);
        limit.cancel();
        signal.removeEventListener('abort', onLeft);
      };
      const onTurn = (): void => {
        end();
        resolve();
      };
      const onLeft = (): void => {
        end();
        reject(signal.reason);
      };
      const limit = this.clock.after(this.config.maxQueueWaitMs, () => {
        end();
        reject(overloadedError(`${this.config.maxQueueWaitMs} ms in the queue were not enough`));
      });
      this.#waiting.add(onTurn);
      if (signal.aborted) onLeft();
      else signal.addEventListener('abort', onLeft, { once: true });
    });
  }

  /** Gives the place to the one who has waited longest. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#running--;
    else next();
  }

  get #isBusy(): boolean {
    const { maxConcurrentRuns } = this.config;
    return maxConcurrentRuns > 0 && this.#running >= maxConcurrentRuns;
  }
}
