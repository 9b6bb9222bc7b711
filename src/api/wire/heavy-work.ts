import type { Clock } from '../../kernel/index.js';

/**
 * Does work that blocks the event loop one piece at a time, with a pause after each that is as long as the piece took:
 * everything else has at least half of the time, however much such work there is.
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
