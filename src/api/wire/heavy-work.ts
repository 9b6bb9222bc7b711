import type { Clock } from '../../kernel/index.js';

/**
 * Takes work that blocks the event loop one by one, with a pause after each as long as it took: others have at least half of
 * the time, however much of it there is.
 */
export class HeavyWork {
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly clock: Clock) {}

  /** Does some work when it is its turn. What follows in the same turn of the event loop counts as part of it. */
  async do<T>(work: () => T): Promise<T> {
    const before = this.#last;
    let end: () => void = () => undefined;
    this.#last = new Promise((resolve) => (end = resolve));
    await before;
    const startedAt = this.clock.monotonic();
    try {
      return work();
    } finally {
      this.clock.after(0, () => this.clock.after(this.clock.monotonic() - startedAt, end));
    }
  }
}
