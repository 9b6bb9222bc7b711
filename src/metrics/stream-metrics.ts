import type { Clock } from '../kernel/index.js';
import type { Instruments } from './instruments.js';
import type { HistogramSeries } from './token-histogram.js';

/** Measures one streamed response, whenever something is written to the client. */
export class StreamMetrics {
  readonly #instruments: Instruments;
  readonly #clock: Clock;
  readonly #workflow: string;
  readonly #startedAt: number;
  #lastTokensAt: number | undefined;
  #pausedAt: number | undefined;
  #firstTokenMs: number | undefined;
  #isOver = false;
  #gaps: HistogramSeries | undefined;

  /** @param startedAt when the request arrived, by the monotonic clock */
  constructor(instruments: Instruments, clock: Clock, workflow: string, startedAt: number) {
    this.#instruments = instruments;
    this.#clock = clock;
    this.#workflow = workflow;
    this.#startedAt = startedAt;
    instruments.openStreams.inc({ workflow });
  }

  /** Milliseconds from the arrival of the request to the first tokens; undefined before them. */
  get firstTokenMs(): number | undefined {
    return this.#firstTokenMs;
  }

  /**
   * Records that tokens were written.
   * @param now the monotonic time
   */
  recordTokens(now: number): void {
    if (this.#lastTokensAt === undefined) {
      this.#firstTokenMs = now - this.#startedAt;
      this.#instruments.firstToken.observe({ workflow: this.#workflow }, this.#firstTokenMs / 1_000);
    } else {
      this.#gaps ??= this.#instruments.betweenTokens.findSeries(this.#workflow);
      this.#gaps.observe((now - this.#lastTokensAt) / 1_000);
    }
    this.#lastTokensAt = now;
  }

  /** Records a heartbeat. */
  recordHeartbeat(): void {
    this.#instruments.heartbeats.inc({ workflow: this.#workflow });
  }

  /** Records that the client is behind and the stream waits. */
  recordPause(): void {
    if (this.#pausedAt !== undefined || this.#isOver) return;
    this.#pausedAt = this.#clock.monotonic();
    this.#instruments.pausedStreams.inc({ workflow: this.#workflow });
  }

  /** Records that the client has caught up. */
  recordResume(): void {
    if (this.#pausedAt === undefined) return;
    const pausedMs = this.#clock.monotonic() - this.#pausedAt;
    this.#pausedAt = undefined;
    this.#instruments.pausedStreams.dec({ workflow: this.#workflow });
    this.#instruments.pauses.observe({ workflow: this.#workflow }, pausedMs / 1_000);
  }

  /** Ends the measurement: the run is over, or its client has left. Later calls do nothing. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.recordResume();
    this.#instruments.openStreams.dec({ workflow: this.#workflow });
  }
}
