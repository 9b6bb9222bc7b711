/** How much earlier than asked a timer may fire, in milliseconds: timers count whole ones, the monotonic clock does not. */
export const TIMER_TOLERANCE_MS = 1;

/** A pending callback made by {@link Clock.after}. */
export interface Timer {
  /** Drops the callback; does nothing once it has run or was cancelled. */
  cancel(): void;
  /** Starts the same wait again from now, also after the callback has run. Costs no allocation. */
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

  /** Calls `callback` once after `ms` milliseconds. A pending timer does not keep the process alive. */
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
    return new SystemTimer(setTimeout(callback, ms).unref());
  }
}

class SystemTimer implements Timer {
  readonly #timeout: NodeJS.Timeout;

  constructor(timeout: NodeJS.Timeout) {
    this.#timeout = timeout;
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }

  restart(): void {
    this.#timeout.refresh();
  }
}
