import type { AbortNotice } from '../kernel/index.js';

/** A bounded number of permits, given in the order in which they are asked for. */
export class Semaphore {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** Resolves when a permit is there. Rejects with the signal's reason, without one, if that aborts before. */
  acquire(signal: AbortNotice): Promise<Permit> {
    const permit = new Permit(() => this.#giveBack());
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      if (this.#free > 0) {
        this.#free--;
        resolve(permit);
        return;
      }
      const give = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve(permit);
      };
      const onAbort = (): void => {
        this.#waiting.delete(give);
        reject(signal.reason);
      };
      this.#waiting.add(give);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}

/** The right to be at work. */
export class Permit {
  #giveBack: (() => void) | undefined;

  constructor(giveBack: () => void) {
    this.#giveBack = giveBack;
  }

  /** Gives the permit back; later calls do nothing. */
  release(): void {
    const giveBack = this.#giveBack;
    this.#giveBack = undefined;
    giveBack?.();
  }
}
