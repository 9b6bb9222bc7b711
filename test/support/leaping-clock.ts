import { SystemClock, type Timer } from '../../src/kernel/index.js';
import { FakeClock } from './fake-clock.js';

/** Timers that are at least this long wait for a leap, in milliseconds. */
const LONG_MS = 5_000;

/** The real clock, except that long timers wait until the test leaps over their time. */
export class LeapingClock extends SystemClock {
  readonly #far = new FakeClock(0);

  override now(): number {
    return super.now() + this.#far.monotonic();
  }

  override monotonic(): number {
    return super.monotonic() + this.#far.monotonic();
  }

  override after(ms: number, callback: () => void): Timer {
    return ms < LONG_MS ? super.after(ms, callback) : this.#far.after(ms, callback);
  }

  /** Lets this many milliseconds pass. */
  leap(ms: number): void {
    this.#far.advance(ms);
  }
}
