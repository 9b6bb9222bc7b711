import type { AbortNotice } from './cancellation.js';

/** A bounded number of places, given out in the order in which they are asked for. */
export class Semaphore {
  /** Made for the first caller that waits: each run has a semaphore, and mostly nothing waits. */
  #waiting: Set<() => void> | undefined;
  #free: number;

  /** @param count how many places there are; Infinity: nothing is bounded */
  constructor(count: number) {
    this.#free = count;
  }

  /** How many callers wait. */
  get waiting(): number {
    return this.#waiting?.size ?? 0;
  }

  /** True if a place can be had at once. */
  get isFree(): boolean {
    return this.#free > 0;
  }

  /** Resolves with a place when one is free. Rejects with the signal's reason if that aborts first. */
  async acquire(signal: AbortNotice): Promise<Place> {
    signal.throwIfAborted();
    if (!this.take()) await this.wait(signal);
    return new Place(this);
  }

  /**
   * Takes a place at once. Its holder must {@link giveBack} it.
   * @returns false if none is free
   */
  take(): boolean {
    if (!this.isFree) return false;
    this.#free--;
    return true;
  }

  /** Waits for a place, if {@link take} gave none. Its holder must {@link giveBack} it. */
  wait(signal: AbortNotice): Promise<void> {
    const waiting = (this.#waiting ??= new Set());
    return new Promise((resolve, reject) => {
      const onTurn = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => {
        waiting.delete(onTurn);
        reject(signal.reason);
      };
      waiting.add(onTurn);
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Gives the place to the caller that has waited longest. */
  giveBack(): void {
    const waiting = this.#waiting;
    const [next] = waiting ?? [];
    if (next === undefined) {
      this.#free++;
      return;
    }
    waiting?.delete(next);
    next();
  }
}

/** A place of a {@link Semaphore}. */
export class Place {
  #semaphore: Semaphore | undefined;

  constructor(semaphore: Semaphore) {
    this.#semaphore = semaphore;
  }

  /** Gives the place back; later calls do nothing. */
  release(): void {
    const semaphore = this.#semaphore;
    this.#semaphore = undefined;
    semaphore?.giveBack();
  }
}
