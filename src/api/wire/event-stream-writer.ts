import type { ServerResponse } from 'node:http';
import { PROBE, type StreamMeter } from '../../http/index.js';
import { type Cancellation, type Clock, type Timer, TIMER_TOLERANCE_MS } from '../../kernel/index.js';
import { guardCallback } from '../../runs/index.js';
import type { Gate } from '../../streaming/index.js';
import { ChunkedBody } from './chunked-body.js';
import { EVENT_STREAM_HEADERS, HEARTBEAT_FRAME } from './sse-frames.js';

/** How many characters one turn of the event loop may bring; beyond that the gate is closed until they are written. */
const ROOM = 64 * 1024;

/**
 * Writes server-sent events to one response. Frames of one turn of the event loop leave in one write; the gate is closed
 * while the client's buffers are full; and while nothing else is sent, comments keep the connection alive.
 */
export class EventStreamWriter {
  readonly #response: ServerResponse;
  readonly #gate: Gate;
  readonly #clock: Clock;
  readonly #heartbeatMs: number;
  readonly #meter: StreamMeter;
  /** Made once: they are scheduled again and again. */
  readonly #flush: () => void;
  readonly #beat: () => void;
  #heartbeat: Timer;
  /** Monotonic. */
  #lastWriteAt: number;
  #buffer = '';
  /** True if there are tokens in the buffer. */
  #hasTokens = false;
  #isScheduled = false;
  #isFull = false;
  #isEnded = false;
  /** Undefined until the status line is sent. */
  #body: ChunkedBody | undefined;

  /**
   * @param gate closed while the client does not keep up
   * @param heartbeatMs silence, in milliseconds, after which a comment is sent
   * @param fault aborted if writing fails where nobody waits for it
   */
  constructor(
    response: ServerResponse,
    gate: Gate,
    clock: Clock,
    heartbeatMs: number,
    meter: StreamMeter,
    fault: Cancellation,
  ) {
    this.#response = response;
    this.#gate = gate;
    this.#clock = clock;
    this.#heartbeatMs = heartbeatMs;
    this.#meter = meter;
    this.#lastWriteAt = clock.monotonic();
    this.#flush = guardCallback(fault, () => this.#writeBuffer());
    this.#beat = guardCallback(fault, () => this.#showLife());
    this.#heartbeat = clock.after(heartbeatMs, this.#beat);
    response.on('drain', () => {
      meter.resumed();
      gate.open();
    });
    response.on(
      PROBE,
      guardCallback(fault, () => {
        if (!this.#isEnded && gate.isOpen) this.#writeHeartbeat();
      }),
    );
    // Without this, a run whose client leaves while it is behind would wait for a drain that never comes.
    response.once('close', () => {
      this.#heartbeat.cancel();
      meter.over();
      gate.open();
    });
  }

  /** True once the status line is sent: an error can then only be a frame. */
  get isOpen(): boolean {
    return this.#body !== undefined;
  }

  /** Sends the status line and headers, and a comment, so that proxies and clients see life. */
  open(): void {
    if (!this.isOpen) this.#writeHeartbeat();
  }

  /** What is written next holds tokens. */
  tokensFollow(): void {
    this.#hasTokens = true;
  }

  /** Sends frames with the end of this turn of the event loop; opens the stream if need be. */
  write(frames: string): void {
    if (frames === '' || this.#isEnded) return;
    this.#buffer += frames;
    // A node that never waits for anything would fill it: this turn ends only when the node does.
    if (this.#buffer.length > ROOM) {
      this.#isFull = true;
      this.#gate.close();
    }
    this.#body ??= this.#writeHead();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(this.#flush);
  }

  /** Sends the last frames and ends the response. */
  end(frames: string): void {
    if (this.#isEnded) return;
    const body = (this.#body ??= this.#writeHead());
    this.#isEnded = true;
    this.#heartbeat.cancel();
    body.end(this.#buffer + frames);
    this.#measure(this.#clock.monotonic());
    // This holds however long the client takes to read the rest.
    this.#meter.over();
  }

  /** Gives the response up before anything was sent: other code answers. */
  release(): void {
    this.#isEnded = true;
    this.#meter.over();
    this.#heartbeat.cancel();
  }

  #measure(now: number): void {
    if (!this.#hasTokens || this.#response.destroyed) return;
    this.#hasTokens = false;
    this.#meter.tokens(now);
  }

  #writeHead(): ChunkedBody {
    const response = this.#response;
    if (!response.destroyed) {
      response.writeHead(200, EVENT_STREAM_HEADERS);
      response.socket?.setNoDelay(true);
    }
    return new ChunkedBody(response);
  }

  #writeBuffer(): void {
    this.#isScheduled = false;
    if (this.#isEnded || this.#response.destroyed) return;
    const frames = this.#buffer;
    this.#buffer = '';
    if (this.#body?.write(frames) === false) {
      this.#gate.close();
      this.#meter.paused();
    } else if (this.#isFull) {
      this.#gate.open();
    }
    this.#isFull = false;
    const now = this.#clock.monotonic();
    this.#lastWriteAt = now;
    this.#measure(now);
  }

  #writeHeartbeat(): void {
    this.#meter.heartbeat();
    this.write(HEARTBEAT_FRAME);
  }

  /**
   * A write does not set back the timer, which would cost more than the write's frame: when the timer fires, it checks when
   * the last write was.
   */
  #showLife(): void {
    if (this.#isEnded || this.#response.destroyed) return;
    const now = this.#clock.monotonic();
    let leftMs = this.#lastWriteAt + this.#heartbeatMs - now;
    if (leftMs < TIMER_TOLERANCE_MS) {
      // A client that is behind has enough to read; one that is not answered yet gets its status line first.
      if (this.isOpen && this.#gate.isOpen) this.#writeHeartbeat();
      leftMs = this.#heartbeatMs;
    }
    this.#heartbeat = this.#clock.after(leftMs, this.#beat);
  }
}
