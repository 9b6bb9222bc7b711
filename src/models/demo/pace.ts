import { setImmediate as turn } from 'node:timers/promises';
import { type AbortNotice, type Clock, sleep } from '../../kernel/index.js';

/** How fast an answer is given. */
export interface Pace {
  /** How many deltas go into one batch. */
  readonly batchSize: number;
  /** Waits until a batch of so many tokens may be given. Rejects with the signal's reason, at once, when that aborts. */
  wait(tokens: number, signal: AbortNotice): Promise<void>;
}

/** Who is later than this has not been kept by a timer, but by the reader. */
const LATENESS_MS = 50;

/** One delta at a time, at a steady rate. A reader that was slow gets no burst afterwards. */
export class SteadyPace implements Pace {
  readonly batchSize = 1;
  readonly #intervalMs: number;
  #dueAt: number;

  /** The first batch is due now. */
  constructor(
    private readonly clock: Clock,
    tokensPerSecond: number,
  ) {
    this.#intervalMs = 1000 / tokensPerSecond;
    this.#dueAt = clock.monotonic();
  }

  async wait(tokens: number, signal: AbortNotice): Promise<void> {
    signal.throwIfAborted();
    const now = this.clock.monotonic();
    if (this.#dueAt > now) await sleep(this.#dueAt - now, this.clock, signal);
    else if (now - this.#dueAt > LATENESS_MS) this.#dueAt = now;
    // From when it was due, not from when the timer fired: timers are late, and the rate would suffer.
    this.#dueAt += tokens * this.#intervalMs;
  }
}

/** As fast as possible, but other requests get their turn after every batch. */
export class FullPace implements Pace {
  readonly batchSize = 16;

  async wait(_tokens: number, signal: AbortNotice): Promise<void> {
    await turn();
    signal.throwIfAborted();
  }
}
