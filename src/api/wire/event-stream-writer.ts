import type { ServerResponse } from 'node:http';
import { InternalError } from '../../errors/index.js';
import { OPEN_STREAM, type OpenStream, type StreamedResponse, type StreamMetrics } from '../../http/index.js';
import { type Cancellation, type Clock, type Timer, TIMER_TOLERANCE_MS } from '../../kernel/index.js';
import type { Gate } from '../../streaming/index.js';
import { ChunkedBody } from './chunked-body.js';
import { EVENT_STREAM_HEADERS, HEARTBEAT_FRAME } from './sse-frames.js';

/** Most characters that one turn of the event loop may bring; beyond that the gate closes until they are written. */
const ROOM = 64 * 1024;

/**
 * Writes server-sent events to one response. Frames of one turn of the event loop leave in one write; the gate is closed
 * while the client's buffers are full; and while nothing else is sent, comments keep the connection alive.
 */
export class EventStreamWriter implements OpenStream {
  readonly #response: ServerResponse;
  readonly #gate: Gate;
  readonly #clock: Clock;
  readonly #heartbeatMs: number;
  readonly #metrics: StreamMetrics;
  readonly #fault: Cancellation;
  #heartbeat: Timer;
  /** In milliseconds of the monotonic clock. */
  #lastWriteAt: number;
  #buffer = '';
  /** True if the buffer holds tokens. */
  #hasTokens = false;
  #isScheduled = false;
  #isFull = false;
  #isEnded = false;
  /** Undefined until the status line is sent. */
  #body: ChunkedBody | undefined;

  /**
   * @param gate closed while the client does not keep up
   * @param heartbeatMs silence, in milliseconds, after which a comment is sent
   * @param fault aborted if writing fails outside of a call
   */
  constructor(
    response: ServerResponse,
    gate: Gate,
    clock: Clock,
    heartbeatMs: number,
    metrics: StreamMetrics,
    fault: Cancellation,
  ) {
    this.#response = response;
    this.#gate = gate;
    this.#clock = clock;
    this.#heartbeatMs = heartbeatMs;
    this.#metrics = metrics;
    this.#lastWriteAt = clock.monotonic();
    this.#fault = fault;
    this.#heartbeat = clock.after(heartbeatMs, this.#beat);
    const streamed: StreamedResponse = response;
    streamed[OPEN_STREAM] = this;
    response.on('drain', resumeStream);
    response.on('close', closeStream);
  }

  /** True once the status line is sent: an error can then only be a frame. */
  get isOpen(): boolean {
    return this.#body !== undefined;
  }

  /** Sends the status line, headers and a comment, so that proxies and clients see that the response is alive. */
  open(): void {
    if (!this.isOpen) this.#writeHeartbeat();
  }

  /** Marks the next write as one with tokens, for the metrics. */
  announceTokens(): void {
    this.#hasTokens = true;
  }

  /** Sends frames at the end of this turn of the event loop. Opens the stream if it is not open yet. */
  write(frames: string): void {
    if (frames === '' || this.#isEnded) return;
    this.#buffer += frames;
    // A node that never waits would fill the buffer without end: its turn ends only when the node does.
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
    // Resolves without waiting for the client to read the rest, which may take any time.
    this.#metrics.end();
  }

  /** Gives up the response before anything was sent; other code responds. */
  release(): void {
    this.#isEnded = true;
    this.#metrics.end();
    this.#heartbeat.cancel();
  }

  probe(): void {
    try {
      if (!this.#isEnded && this.#gate.isOpen) this.#writeHeartbeat();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  resume(): void {
    this.#metrics.recordResume();
    this.#gate.open();
  }

  close(): void {
    this.#heartbeat.cancel();
    this.#metrics.end();
    // If the client leaves while it is behind, no drain ever comes; a closed gate would keep the run waiting.
    this.#gate.open();
  }

  /** Made once, like the next one: they are scheduled again and again. */
  readonly #flush = (): void => {
    try {
      this.#writeBuffer();
    } catch (thrown) {
      this.#fail(thrown);
    }
  };

  readonly #beat = (): void => {
    try {
      this.#showLife();
    } catch (thrown) {
      this.#fail(thrown);
    }
  };

  /** Errors thrown in a timer or a listener cannot be caught anywhere else. */
  #fail(thrown: unknown): void {
    this.#fault.abort(new InternalError(thrown));
  }

  #measure(now: number): void {
    if (!this.#hasTokens || this.#response.destroyed) return;
    this.#hasTokens = false;
    this.#metrics.recordTokens(now);
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
      this.#metrics.recordPause();
    } else if (this.#isFull) {
      this.#gate.open();
    }
    this.#isFull = false;
    const now = this.#clock.monotonic();
    this.#lastWriteAt = now;
    this.#measure(now);
  }

  #writeHeartbeat(): void {
    this.#metrics.recordHeartbeat();
    this.write(HEARTBEAT_FRAME);
  }

  /**
   * Writes do not restart the timer, which would cost more than the frame itself. Instead, the timer checks when the last write
   * was.
   */
  #showLife(): void {
    if (this.#isEnded || this.#response.destroyed) return;
    const now = this.#clock.monotonic();
    let leftMs = this.#lastWriteAt + this.#heartbeatMs - now;
    if (leftMs < TIMER_TOLERANCE_MS) {
      // A client that is behind has enough to read. Before the status line, nothing may be sent.
      if (this.isOpen && this.#gate.isOpen) this.#writeHeartbeat();
      leftMs = this.#heartbeatMs;
    }
    this.#heartbeat = this.#clock.after(leftMs, this.#beat);
  }
}

// One function for all responses, where each would otherwise keep two of its own.

function resumeStream(this: StreamedResponse): void {
  this[OPEN_STREAM]?.resume();
}

function closeStream(this: StreamedResponse): void {
  this[OPEN_STREAM]?.close();
}
