/** How much too early a timer may fire, in milliseconds: timers count whole milliseconds, the monotonic clock does not. */
export const TIMER_TOLERANCE_MS = 1;

/**
 * Longest wait of one of Node's timers, in milliseconds: 24.8 days. A longer one, or one that is not a number, would fire at
 * once.
 */
export const MAX_TIMER_MS = 2_147_483_647;

/**
 * Whether a value can be a time limit: a number of milliseconds from `least` up to `MAX_TIMER_MS`. Infinity is not: leave the limit
 * out instead.
 */
export function isTimerMs(value: unknown, least: number): boolean {
  return typeof value === 'number' && value >= least && value <= MAX_TIMER_MS;
}

/** A pending callback made by {@link Clock.after}. */
export interface Timer {
  /** Drops the callback; does nothing once it has run or was cancelled. */
  cancel(): void;
  /** Starts the same wait again from now, also after the callback has run or was dropped. Costs an allocation after a drop only. */
  restart(): void;
}

/**
 * The only source of time in this code base; also its dependency-injection token. Tests inject a clock that they move by
 * hand, so nothing that is tested may call `Date.now`, `performance.now` or `setTimeout` itself.
 */
export abstract class Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. It can jump: use it for timestamps only. */
  abstract now(): number;

  /** Monotonic time in milliseconds, with fractions, from an arbitrary origin: use it for durations. */
  abstract monotonic(): number;

  /**
   * Calls `callback` once after `ms` milliseconds, but after `MAX_TIMER_MS` at the latest. A pending timer does not keep the
   * process alive.
   * @throws RangeError if `ms` is not a number
   */
  abstract after(ms: number, callback: () => void): Timer;
}

/** The machine's own clock and timers. */
export class SystemClock extends Clock {
  override now(): number {
    return Date.now();
  }

  override monotonic(): number {
    return performance.now();
  }

  override after(ms: number, callback: () => void): Timer {
    if (Number.isNaN(ms)) throw new RangeError('A timer needs a number of milliseconds, got NaN');
    return new SystemTimer(Math.min(ms, MAX_TIMER_MS), callback);
  }
}

class SystemTimer implements Timer {
  readonly #ms: number;
  readonly #callback: () => void;
  #timeout: NodeJS.Timeout | undefined;

  constructor(ms: number, callback: () => void) {
    this.#ms = ms;
    this.#callback = callback;
    this.restart();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
    // Node silently does not restart a timer that was cleared.
    this.#timeout = undefined;
  }

  restart(): void {
    if (this.#timeout === undefined) this.#timeout = setTimeout(this.#callback, this.#ms).unref();
    else this.#timeout.refresh();
  }
}
