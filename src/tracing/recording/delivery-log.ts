import type { Clock, Timer } from '../../kernel/index.js';

/** Least time between two lines about the same backend, in milliseconds. */
const INTERVAL_MS = 10_000;

/** Where lines go: Nest's logger, as a rule. */
export interface LogSink {
  log(message: string): void;
  warn(message: string): void;
}

/** Tells the operator that traces do not arrive: once in a while, with counts, however often it happens. */
export class DeliveryLog {
  readonly #backend: string;
  readonly #sink: LogSink;
  readonly #clock: Clock;
  #failures = 0;
  #dropped = 0;
  #lastReason: string | undefined;
  #isDown = false;
  /** Runs while no line may be written. */
  #silence: Timer | undefined;
  #isClosed = false;

  constructor(backend: string, sink: LogSink, clock: Clock) {
    this.#backend = backend;
    this.#sink = sink;
    this.#clock = clock;
  }

  /**
   * @param why in words that hold neither content nor credentials
   * @param dropped how many traces were given up because of it
   */
  failed(why: string, dropped: number): void {
    this.#failures++;
    this.#dropped += dropped;
    this.#lastReason = why;
    this.#isDown = true;
    this.#speak();
  }

  dropped(traces: number): void {
    this.#dropped += traces;
    this.#speak();
  }

  succeeded(): void {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#sink.log(`${this.#backend}: traces arrive again`);
  }

  /** Writes what has not been written yet; from now on nothing is held back. */
  close(): void {
    this.#isClosed = true;
    this.#silence?.cancel();
    this.#tell();
  }

  #speak(): void {
    if (this.#isClosed) return this.#tell();
    if (this.#silence !== undefined) return;
    this.#silence = this.#clock.after(INTERVAL_MS, () => {
      this.#silence = undefined;
      if (this.#failures > 0 || this.#dropped > 0) this.#speak();
    });
    this.#tell();
  }

  #tell(): void {
    if (this.#failures === 0 && this.#dropped === 0) return;
    const failed =
      this.#failures === 0 ? [] : [`deliveries that failed: ${this.#failures} (the last: ${this.#lastReason})`];
    const dropped = this.#dropped === 0 ? [] : [`traces given up: ${this.#dropped}`];
    this.#failures = this.#dropped = 0;
    this.#sink.warn(`${this.#backend}: ${[...failed, ...dropped].join('; ')}`);
  }
}
