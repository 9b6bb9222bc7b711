import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../kernel/index.js';
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
  #buffer = '';
  #isScheduled = false;
  #isOpen = false;
  #isEnded = false;

  /**
   * @param gate closed while the client does not keep up
   * @param heartbeatMs silence, in milliseconds, after which a comment is sent
   */
  constructor(response: ServerResponse, gate: Gate, clock: Clock, heartbeatMs: number) {
    this.#response = response;
    this.#gate = gate;
    this.#heartbeat = clock.after(heartbeatMs, () => this.#beat());
    response.on('drain', () => gate.open());
    // Without this, a run whose client leaves while it is behind would wait for a drain that never comes.
    response.once('close', () => {
      this.#heartbeat.cancel();
      gate.open();
    });
  }

  /** True once the status line is sent: an error can then only be a frame. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Sends the status line and headers, and a comment, so that proxies and clients see life. */
  open(): void {
    if (!this.#isOpen) this.write(HEARTBEAT_FRAME);
  }

  /** Sends frames with the end of this turn of the event loop; opens the stream if need be. */
  write(frames: string): void {
    if (frames === '' || this.#isEnded) return;
    this.#buffer += frames;
    if (!this.#isOpen) this.#writeHead();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(() => this.#flush());
  }

  /** Sends the last frames and ends the response. */
  end(frames: string): void {
    if (this.#isEnded) return;
    if (!this.#isOpen) this.#writeHead();
    this.#isEnded = true;
    this.#heartbeat.cancel();
    this.#response.end(this.#buffer + frames);
  }

  /** Gives the response up without having sent anything: somebody else answers. */
  release(): void {
    this.#isEnded = true;
    this.#heartbeat.cancel();
  }

  #writeHead(): void {
    this.#isOpen = true;
    if (this.#response.destroyed) return;
    this.#response.writeHead(200, EVENT_STREAM_HEADERS);
    this.#response.socket?.setNoDelay(true);
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#isEnded || this.#response.destroyed) return;
    const frames = this.#buffer;
    this.#buffer = '';
    if (!this.#response.write(frames)) this.#gate.close();
    this.#heartbeat.restart();
  }

  #beat(): void {
    if (this.#isEnded || this.#response.destroyed) return;
    // A client that is behind has enough to read; one that is not answered yet gets its status line first.
    if (this.#isOpen && this.#gate.isOpen) this.write(HEARTBEAT_FRAME);
    else this.#heartbeat.restart();
  }
}
