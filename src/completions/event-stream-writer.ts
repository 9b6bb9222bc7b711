import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../kernel/index.js';
import type { StreamMeter } from '../metrics/index.js';
import { EVENT_STREAM_HEADERS, HEARTBEAT_FRAME } from '../protocol/index.js';
import type { Gate } from '../streaming/index.js';

/**
 * Writes server-sent events to one response. Frames of one turn of the event loop leave in one write; the gate is closed
 * while the client's buffers are full; and while nothing else is sent, comments keep the connection alive.
 */
export class EventStreamWriter {
  readonly #response: ServerResponse;
  readonly #gate: Gate;
  readonly #heartbeat: Timer;
  readonly #meter: StreamMeter;
  #buffer = '';
  /** True if there are tokens in the buffer. */
  #hasTokens = false;
  #isScheduled = false;
  #isOpen = false;
  #isEnded = false;

  /**
   * @param gate closed while the client does not keep up
   * @param heartbeatMs silence, in milliseconds, after which a comment is sent
   */
  constructor(response: ServerResponse, gate: Gate, clock: Clock, heartbeatMs: number, meter: StreamMeter) {
    this.#response = response;
    this.#gate = gate;
    this.#meter = meter;
    this.#heartbeat = clock.after(heartbeatMs, () => this.#beat());
    response.on('drain', () => {
      meter.resumed();
      gate.open();
    });
    // Without this, a run whose client leaves while it is behind would wait for a drain that never comes.
    response.once('close', () => {
      this.#heartbeat.cancel();
      meter.over();
      gate.open();
    });
  }

  /** True once the status line is sent: an error can then only be a frame. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Sends the status line and headers, and a comment, so that proxies and clients see life. */
  open(): void {
    if (!this.#isOpen) this.#writeHeartbeat();
  }

  /** What is written next holds tokens. */
  tokensFollow(): void {
    this.#hasTokens = true;
  }

  /** Sends frames with the end of this turn of the event loop; opens the stream if need be. */
  write(frames: string): void {
    if (frames === '' || this.#isEnded) return;
    this.#buffer += frames;
    if (!this.#isOpen) this.#writeHead();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(this.#flush);
  }

  /** Sends the last frames and ends the response. */
  end(frames: string): void {
    if (this.#isEnded) return;
    if (!this.#isOpen) this.#writeHead();
    this.#isEnded = true;
    this.#heartbeat.cancel();
    this.#response.end(this.#buffer + frames);
    this.#measure();
  }

  /** Gives the response up without having sent anything: somebody else answers. */
  release(): void {
    this.#isEnded = true;
    this.#meter.over();
    this.#heartbeat.cancel();
  }

  #measure(): void {
    if (!this.#hasTokens || this.#response.destroyed) return;
    this.#hasTokens = false;
    this.#meter.tokens();
  }

  #writeHead(): void {
    this.#isOpen = true;
    if (this.#response.destroyed) return;
    this.#response.writeHead(200, EVENT_STREAM_HEADERS);
    this.#response.socket?.setNoDelay(true);
  }

  /** Made once: it is scheduled for each write. */
  readonly #flush = (): void => {
    this.#isScheduled = false;
    if (this.#isEnded || this.#response.destroyed) return;
    const frames = this.#buffer;
    this.#buffer = '';
    if (!this.#response.write(frames)) {
      this.#gate.close();
      this.#meter.paused();
    }
    this.#measure();
    this.#heartbeat.restart();
  };

  #writeHeartbeat(): void {
    this.#meter.heartbeat();
    this.write(HEARTBEAT_FRAME);
  }

  #beat(): void {
    if (this.#isEnded || this.#response.destroyed) return;
    // A client that is behind has enough to read; one that is not answered yet gets its status line first.
    if (this.#isOpen && this.#gate.isOpen) this.#writeHeartbeat();
    else this.#heartbeat.restart();
  }
}
