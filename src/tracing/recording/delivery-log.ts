import type { Clock, Timer } from '../../kernel/index.js';

/** Least time between two lines about the same backend, in milliseconds. */
const INTERVAL_MS = 10_000;

/** Takes log lines; usually Nest's logger. */
export interface LogSink {
  log(message: string): void;
  warn(message: string): void;
}

/** Logs at intervals, with counts, that traces do not arrive. */
export class DeliveryLog {
  readonly #backend: string;
  readonly #sink: LogSink;
  readonly #clock: Clock;
  #failures = 0;
  #dropped = 0;
  #lastReason: string | undefined;
  #isDown = false;
  /** Runs until the next line may be written. */
  #silence: Timer | undefined;
  #isClosed = false;

  constructor(backend: string, sink: LogSink, clock: Clock) {
    this.#backend = backend;
    this.#sink = sink;
    this.#clock = clock;
  }

  /**
   * Notes a failed delivery.
   * @param why the reason, without content or credentials
   * @param dropped how many traces were given up because of it
   */
  noteFailure(why: string, dropped: number): void {
    this.#failures++;
    this.#dropped += dropped;
    this.#lastReason = why;
    this.#isDown = true;
    this.#tellLater();
  }

  /** Notes traces that were given up. */
  noteDropped(traces: number): void {
    this.#dropped += traces;
    this.#tellLater();
  }

  /** Notes a delivery, and logs that traces arrive again after a failure. */
  noteSuccess(): void {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#sink.log(`${this.#backend}: traces arrive again`);
  }

  /** Writes the rest at once; later lines are no longer held back. */
  close(): void {
    this.#isClosed = true;
    this.#silence?.cancel();
    this.#tellNow();
  }

  #tellLater(): void {
    if (this.#isClosed) return this.#tellNow();
    if (this.#silence !== undefined) return;
    this.#silence = this.#clock.after(INTERVAL_MS, () => {
      this.#silence = undefined;
      if (this.#failures > 0 || this.#dropped > 0) this.#tellLater();
    });
    this.#tellNow();
  }

  #tellNow(): void {
    if (this.#failures === 0 && this.#dropped === 0) return;
    const failed =
      this.#failures === 0 ? [] : [`deliveries that failed: ${this.#failures} (the last: ${this.#lastReason})`];
    const dropped = this.#dropped === 0 ? [] : [`traces given up: ${this.#dropped}`];
    this.#failures = this.#dropped = 0;
    this.#sink.warn(`${this.#backend}: ${[...failed, ...dropped].join('; ')}`);
  }
}
