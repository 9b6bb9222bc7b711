import { type AbortNotice, Cancellation, type Clock, type Timer, TIMER_TOLERANCE_MS } from '../../kernel/index.js';
import { makeUpstreamTimeoutError } from './upstream-errors.js';

/** Made once, because an abort without a reason creates an error with a stack each time. */
const GIVEN_UP = new Error('The rest of the completion is not needed.');

/**
 * Aborts one upstream request on demand, and when the upstream is silent too long while its next read is awaited. The
 * time of a slow reader does not count.
 *
 * The timer is not reset for each read, which would cost more than parsing: when it fires, it checks whether the time is up
 * and waits for the rest.
 */
export class SilenceWatch {
  readonly #cancellation = new Cancellation();
  readonly #clock: Clock;
  #limitMs: number;
  /** When the silence is too long, by the monotonic clock. */
  #deadline: number;
  #timer: Timer;
  /** When the timer fires, by the monotonic clock; infinite if it has fired while no read was pending. */
  #firesAt: number;
  #waiting = true;
  #hasBegun = false;
  /** True if the limit ran out while no read was pending. */
  #overdue = false;

  /** Starts with a wait of at most `firstLimitMs` milliseconds. */
  constructor(clock: Clock, firstLimitMs: number) {
    this.#clock = clock;
    this.#limitMs = firstLimitMs;
    this.#deadline = clock.monotonic() + firstLimitMs;
    this.#firesAt = this.#deadline;
    this.#timer = clock.after(firstLimitMs, this.#onTimer);
  }

  /** Aborts when the request must end. */
  get signal(): AbortNotice {
    return this.#cancellation;
  }

  abort(reason: unknown): void {
    this.#cancellation.abort(reason);
  }

  /** Begins a read that may take `limitMs` milliseconds; without a limit, the rest of the last one counts. */
  wait(limitMs?: number): void {
    this.#waiting = true;
    if (limitMs === undefined) {
      if (this.#overdue) this.#onSilence();
      return;
    }
    this.#overdue = false;
    this.#limitMs = limitMs;
    this.#deadline = this.#clock.monotonic() + limitMs;
    if (this.#deadline < this.#firesAt) this.#arm(limitMs);
  }

  /** Notes that the upstream has sent something. */
  noteBytes(): void {
    this.#waiting = false;
    this.#hasBegun = true;
  }

  /** Ends the watch after the completion was read to its end. */
  end(): void {
    this.#timer.cancel();
  }

  /** Gives up the request, which frees its connection. */
  giveUp(): void {
    this.#timer.cancel();
    this.#cancellation.abort(GIVEN_UP);
  }

  #arm(ms: number): void {
    this.#timer.cancel();
    this.#firesAt = this.#deadline;
    this.#timer = this.#clock.after(ms, this.#onTimer);
  }

  readonly #onTimer = (): void => {
    const leftMs = this.#deadline - this.#clock.monotonic();
    if (leftMs >= TIMER_TOLERANCE_MS) {
      this.#arm(leftMs);
      return;
    }
    this.#firesAt = Number.POSITIVE_INFINITY;
    if (this.#waiting) this.#onSilence();
    else this.#overdue = true;
  };

  #onSilence(): void {
    const where = this.#hasBegun ? 'in its response' : 'before its response';
    this.#cancellation.abort(makeUpstreamTimeoutError(`for ${this.#limitMs} ms ${where}`));
  }
}
