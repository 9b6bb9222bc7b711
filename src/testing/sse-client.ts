import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { ensureError } from '../kernel/index.js';
import { type WaitOptions, within } from './eventually.js';
import { readResponse, type RequestOptions, send } from './http-client.js';
import { FrameReader, type SseItem } from './sse-frames.js';

/**
 * Posts a request and reads the response as an event stream, on its own connection and without an SDK, so that every byte and
 * its time are visible.
 *
 * @param body a string is sent as it is, anything else as JSON
 * @throws Error with status and body if the response is not an event stream
 */
export async function openStream(url: string, body: unknown, options: RequestOptions = {}): Promise<SseStream> {
  const sentAt = performance.now();
  const { request, response: head } = send('POST', url, body, options);
  const response = await head;
  if (response.headers['content-type']?.startsWith('text/event-stream') !== true) {
    const { status, text } = await readResponse(response);
    throw new Error(`Expected an event stream, got ${status} ${response.headers['content-type'] ?? ''}: ${text}`);
  }
  return new SseStream(request, response, sentAt);
}

/** An open event stream. It is always read, even if its items are not used, unless it is paused. */
export class SseStream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** When the request was sent, by `performance.now()`, like an item's `at`. */
  readonly sentAt: number;
  /** The items so far. */
  readonly items: SseItem[] = [];
  /** Resolves when the connection is closed by either side. */
  readonly closed: Promise<void>;
  readonly #request: ClientRequest;
  readonly #response: IncomingMessage;
  readonly #frames = new FrameReader();
  #over = false;
  #failure: Error | undefined;
  #changed: Promise<void>;
  #signalChange: () => void = () => undefined;

  constructor(request: ClientRequest, response: IncomingMessage, sentAt: number) {
    this.#request = request;
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    this.sentAt = sentAt;
    this.#changed = this.#awaitChange();
    this.closed = new Promise((resolve) => {
      request.once('close', resolve);
    });
    response.on('data', (bytes: Buffer) => this.#read(bytes));
    response.once('end', () => this.#end());
    response.once('error', (error) => this.#fail(error));
    response.once('close', () => this.#fail(new Error('The connection was closed before the end of the stream')));
  }

  /**
   * Yields every item from the first, as it arrives. Leaving the loop does not close the stream. Throws after the last item
   * if the framing is wrong or the connection breaks.
   */
  get events(): AsyncIterable<SseItem> {
    return { [Symbol.asyncIterator]: () => this.#iterate() };
  }

  /**
   * Resolves with all items when the stream has ended in order.
   * @throws FramingError if the framing is wrong; the error of the connection
   */
  async collect(options: WaitOptions = {}): Promise<readonly SseItem[]> {
    const all = async (): Promise<readonly SseItem[]> => {
      while (!this.#over) await this.#changed;
      if (this.#failure) throw this.#failure;
      return this.items;
    };
    return within(all(), { message: 'the end of the stream', ...options });
  }

  /**
   * Resolves with the first item for which `wanted` is true.
   * @throws Error if the stream ends without one
   */
  async until(wanted: (item: SseItem) => boolean, options: WaitOptions = {}): Promise<SseItem> {
    const find = async (): Promise<SseItem> => {
      for await (const item of this.events) if (wanted(item)) return item;
      throw new Error('The stream ended without the wanted item');
    };
    return within(find(), { message: 'an item of the stream', ...options });
  }

  /** Stops reading, so that bytes pile up in the sockets and then in the server. */
  pause(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  /** Closes the connection. */
  destroy(): void {
    this.#request.destroy();
  }

  async *#iterate(): AsyncGenerator<SseItem, void, void> {
    for (let next = 0; ;) {
      const item = this.items[next];
      if (item !== undefined) {
        next++;
        yield item;
      } else if (this.#over) break;
      else await this.#changed;
    }
    if (this.#failure) throw this.#failure;
  }

  #read(bytes: Uint8Array): void {
    if (this.#over) return;
    try {
      for (const item of this.#frames.push(bytes, performance.now())) this.items.push(item);
      this.#notify();
    } catch (error) {
      this.#fail(ensureError(error));
    }
  }

  #end(): void {
    if (this.#over) return;
    try {
      this.#frames.end();
      this.#over = true;
      this.#notify();
    } catch (error) {
      this.#fail(ensureError(error));
    }
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#failure = error;
    this.#over = true;
    this.#notify();
    this.#request.destroy();
  }

  #notify(): void {
    const signal = this.#signalChange;
    this.#changed = this.#awaitChange();
    signal();
  }

  #awaitChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#signalChange = resolve;
    });
  }
}
