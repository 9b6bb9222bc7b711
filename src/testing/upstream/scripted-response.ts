import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate as waitForImmediate } from 'node:timers/promises';
import type { RecordedRequest } from './recorded-request.js';

/** The response to one request: writes with back-pressure and records how it ended. */
export class ScriptedResponse {
  readonly #response: ServerResponse;
  readonly #request: RecordedRequest;
  readonly #closing = new AbortController();
  #cut = false;

  constructor(response: ServerResponse, request: RecordedRequest) {
    this.#response = response;
    this.#request = request;
    response.socket?.setNoDelay(true);
    // A write after the client has left is not a fault; the `close` event records it.
    response.on('error', () => undefined);
    const onClose = (): void => {
      request.end(this.#cut ? 'cut' : response.writableFinished ? 'finished' : 'aborted');
      this.#closing.abort();
    };
    if (response.closed) onClose();
    else response.once('close', onClose);
  }

  /** Aborts when the connection is done with this response, for any reason. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  get hasHead(): boolean {
    return this.#response.headersSent;
  }

  /** Sends the status line and headers separately from the body. */
  async sendHead(status: number, headers: Readonly<Record<string, string>>): Promise<void> {
    await this.#waitForPhase();
    this.#response.writeHead(status, headers);
    this.#response.flushHeaders();
  }

  /**
   * Writes pieces of `cutEvery` bytes, each in its own turn of the event loop; waits while the client does not read.
   * @param cutEvery 0: all in one
   * @throws AbortError if the connection closes meanwhile
   */
  async write(bytes: Uint8Array, cutEvery = 0): Promise<void> {
    const size = cutEvery > 0 ? cutEvery : bytes.length;
    for (let start = 0; start < bytes.length; start += size) {
      await this.#waitForPhase();
      const piece = bytes.subarray(start, start + size);
      const flowing = this.#response.write(piece);
      if (!flowing) await once(this.#response, 'drain', { signal: this.signal });
      this.#request.bytesWritten += piece.length;
    }
    await this.#waitForPhase();
  }

  /** Ends the response in order, with `body` as its last or only bytes. */
  end(body = ''): void {
    this.#request.bytesWritten += Buffer.byteLength(body);
    this.#response.end(body);
  }

  /** Breaks the connection: with a TCP reset, with an ordinary close that comes too early, or with one after all that was written. */
  cut(how: 'reset' | 'hang-up' | 'cut-off'): void {
    this.#cut = true;
    const { socket } = this.#response;
    if (how === 'reset') socket?.resetAndDestroy();
    else if (how === 'hang-up') socket?.destroy();
    else socket?.end();
  }

  /**
   * Waits for the next `setImmediate` phase. Sockets are read before that phase, so writes in two phases are read separately;
   * writes outside of it could be read together.
   */
  async #waitForPhase(): Promise<void> {
    await waitForImmediate(undefined, { signal: this.signal });
  }
}
