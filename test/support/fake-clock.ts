import { setImmediate as turn } from 'node:timers/promises';
import { Clock, type Timer } from '../../src/kernel/index.js';

interface Pending {
  readonly dueAt: number;
  readonly callback: () => void;
}

/** More callbacks than this in one step mean that a timer restarts itself without a delay. */
const MOST_FIRINGS = 100_000;

/** 1 November 2026, 00:00 UTC. */
const DEFAULT_START = Date.UTC(2026, 10, 1);

/** A clock that stands still until a test moves it. */
export class FakeClock extends Clock {
  readonly #startedAt: number;
  /** In the order of their start, which decides between timers that are due at the same time. */
  readonly #pending = new Set<Pending>();
  #elapsed = 0;
  #setBackBy = 0;

  /** @param startedAt the first value of `now()`, in milliseconds since the Unix epoch */
  constructor(startedAt = DEFAULT_START) {
    super();
    this.#startedAt = startedAt;
  }

  /** The number of timers that wait. */
  get pending(): number {
    return this.#pending.size;
  }

  override now(): number {
    return Math.floor(this.#startedAt + this.#elapsed - this.#setBackBy);
  }

  /** Sets the time of day back by this many milliseconds; the monotonic time is not affected. */
  setBack(ms: number): void {
    this.#setBackBy += ms;
  }

  override monotonic(): number {
    return this.#elapsed;
  }

  override after(ms: number, callback: () => void): Timer {
    if (Number.isNaN(ms)) throw new RangeError('A timer needs a number of milliseconds, got NaN');
    const start = (): Pending => {
      const pending = { dueAt: this.#elapsed + Math.max(0, ms), callback };
      this.#pending.add(pending);
      return pending;
    };
    let current = start();
    return {
      cancel: () => {
        this.#pending.delete(current);
      },
      restart: () => {
        this.#pending.delete(current);
        current = start();
      },
    };
  }

  /**
   * Advances the time and runs every callback that becomes due, each at its own time; callbacks of the same time run
   * in the order of their start. Throws what a callback throws.
   */
  advance(ms: number): void {
    const end = this.#findEnd(ms);
    for (let fired = 0; this.#fireNext(end); fired++) this.#guard(fired);
    this.#elapsed = end;
  }

  /** As {@link advance}, but lets code that awaits promises run before, between and after the callbacks. */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#findEnd(ms);
    await turn();
    for (let fired = 0; this.#fireNext(end); fired++) {
      this.#guard(fired);
      await turn();
    }
    this.#elapsed = end;
    await turn();
  }

  #findEnd(ms: number): number {
    if (!(ms >= 0)) throw new RangeError(`Time cannot move by ${ms} ms`);
    return this.#elapsed + ms;
  }

  #fireNext(end: number): boolean {
    let next: Pending | undefined;
    for (const pending of this.#pending) {
      if (pending.dueAt <= end && (next === undefined || pending.dueAt < next.dueAt)) next = pending;
    }
    if (next === undefined) return false;
    this.#pending.delete(next);
    this.#elapsed = Math.max(this.#elapsed, next.dueAt);
    next.callback();
    return true;
  }

  #guard(fired: number): void {
    if (fired >= MOST_FIRINGS) throw new Error(`${MOST_FIRINGS} timers fired in one step: one restarts itself at once`);
  }
}
