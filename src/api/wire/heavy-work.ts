import type { Clock } from '../../kernel/index.js';

/**
 * Runs work that blocks the event loop one piece at a time. A pause as long as the piece took follows each piece, so that
 * everything else gets at least half of the time, however much such work there is.
 */
export class HeavyWork {
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly clock: Clock) {}

  /** Runs a piece of work in its turn. What follows in the same turn of the event loop counts as part of it. */
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
