import { type AbortNotice, Cancellation, type Clock, type Timer, TIMER_TOLERANCE_MS } from '../../kernel/index.js';
import { makeUpstreamTimeoutError } from './upstream-errors.js';

/** Made once: an abort without a reason makes an error with a stack each time. */
const GIVEN_UP = new Error('Nobody reads the rest of the answer.');

/**
 * Ends one upstream request: when it is told to, and when the upstream is silent for too long while somebody waits for it. A
 * reader that is slow itself does not count against the upstream.
 *
 * The timer is not set back by each read, which would cost more than the parsing of what was read: when it fires it looks
 * whether the time is up, and waits for what is left.
 */
export class SilenceWatch {
  readonly #cancellation = new Cancellation();
  readonly #clock: Clock;
  #limitMs: number;
  /** When the silence has been too long, by the monotonic clock. */
  #deadline: number;
  #timer: Timer;
  /** When the timer fires, by the monotonic clock; infinite if it has fired and nothing was left to wait for. */
  #firesAt: number;
  #waiting = true;
  #spoken = false;
  /** The limit ran out while nobody waited. */
  #overdue = false;

  /** Starts with a wait of at most `firstLimitMs` milliseconds. */
  constructor(clock: Clock, firstLimitMs: number) {
    this.#clock = clock;
    this.#limitMs = firstLimitMs;
    this.#deadline = clock.monotonic() + firstLimitMs;
    this.#firesAt = this.#deadline;
    this.#timer = clock.after(firstLimitMs, this.#onTimer);
  }

  /** Aborts when the request is to end. */
  get signal(): AbortNotice {
    return this.#cancellation;
  }

  abort(reason: unknown): void {
    this.#cancellation.abort(reason);
  }

  /** A read begins that may take up to `limitMs` milliseconds; without a limit, what is left of the last one goes on. */
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

  /** The upstream has sent something. */
  heard(): void {
    this.#waiting = false;
    this.#spoken = true;
  }

  /** The completion has been read to its end. */
  end(): void {
    this.#timer.cancel();
  }

  /** The request is given up, which frees its connection. */
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
    const where = this.#spoken ? 'in its answer' : 'before it answered';
    this.#cancellation.abort(makeUpstreamTimeoutError(`for ${this.#limitMs} ms ${where}`));
  }
}
