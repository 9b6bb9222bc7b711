import type { Clock, Timer } from '../../kernel/index.js';

/** Milliseconds between two looks. */
const LOOK_EVERY_MS = 250;
/** One late look can be a pause of the garbage collector, or of the machine; so many in a row are not. */
const LATE_LOOKS = 3;

/**
 * Tells whether the event loop is behind: whether its timers come late, again and again. Requests that are taken then make
 * all others slower, and are not served in time themselves.
 */
export class LoopWatch {
  #late = 0;
  #dueAt = 0;
  #timer: Timer | undefined;

  /** @param limitMs lateness that counts as late, in milliseconds; 0: none does */
  constructor(
    private readonly limitMs: number,
    private readonly clock: Clock,
  ) {}

  get isBehind(): boolean {
    return this.#late >= LATE_LOOKS;
  }

  start(): void {
    if (this.limitMs === 0) return;
    this.#dueAt = this.clock.monotonic() + LOOK_EVERY_MS;
    this.#timer = this.clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const now = this.clock.monotonic();
    this.#late = now - this.#dueAt > this.limitMs ? this.#late + 1 : 0;
    this.#dueAt = now + LOOK_EVERY_MS;
    this.#timer?.restart();
  }
}
