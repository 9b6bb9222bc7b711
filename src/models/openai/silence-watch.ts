import type { Clock, Timer } from '../../kernel/index.js';
import { upstreamTimeout } from './upstream-errors.js';

/** Made once: an abort without a reason makes an error with a stack each time. */
const GIVEN_UP = new Error('Nobody reads the rest of the answer.');

/**
 * Holds the abort signal of one upstream request, and aborts it when the upstream is silent for too long while somebody
 * waits for it. A reader that is slow itself does not count against the upstream.
 */
export class SilenceWatch {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  #limitMs: number;
  #timer: Timer;
  #waiting = true;
  #spoken = false;
  /** The limit ran out while nobody waited. */
  #overdue = false;

  /** Starts with a wait of at most `firstLimitMs` milliseconds. */
  constructor(clock: Clock, firstLimitMs: number) {
    this.#clock = clock;
    this.#limitMs = firstLimitMs;
    this.#timer = clock.after(firstLimitMs, () => this.#onSilence());
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** A read begins that may take up to `limitMs` milliseconds; without a limit, what is left of the last one goes on. */
  wait(limitMs?: number): void {
    this.#waiting = true;
    if (limitMs === undefined) {
      if (this.#overdue) this.#onSilence();
      return;
    }
    this.#overdue = false;
    if (limitMs === this.#limitMs) this.#timer.restart();
    else {
      this.#timer.cancel();
      this.#limitMs = limitMs;
      this.#timer = this.#clock.after(limitMs, () => this.#onSilence());
    }
  }

  /** The upstream has sent something. */
  heard(): void {
    this.#waiting = false;
    this.#spoken = true;
  }

  /** The answer has been read to its end. */
  end(): void {
    this.#timer.cancel();
  }

  /** The request is given up, which frees its connection. */
  giveUp(): void {
    this.#timer.cancel();
    this.#controller.abort(GIVEN_UP);
  }

  #onSilence(): void {
    if (!this.#waiting) {
      this.#overdue = true;
      return;
    }
    const where = this.#spoken ? 'in its answer' : 'before it answered';
    this.#controller.abort(upstreamTimeout(`for ${this.#limitMs} ms ${where}`));
  }
}
