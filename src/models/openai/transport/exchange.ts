import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { type AbortNotice, ensureError } from '../../../kernel/index.js';
import { ResponseBody } from './response-body.js';
import { type BodySink, unpackBody } from './unpack-body.js';

/** A response: its body streams if the status is good, and is read whole if it is not. */
export interface UpstreamResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** Undefined if the status is bad. */
  readonly body: ResponseBody | undefined;
  /** The body of a response with a bad status; empty if the status is good. */
  readonly text: string;
}

/** How much of an error body is read, in bytes. */
const ERROR_BODY_LIMIT = 64 * 1024;

/** One request and its response: undici's handler for it. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly response: Promise<UpstreamResponse>;
  readonly #signal: AbortNotice;
  #resolve: (response: UpstreamResponse) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #body: BodySink | undefined;
  #failed: FailedResponse | undefined;

  constructor(signal: AbortNotice) {
    this.#signal = signal;
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (signal.aborted) this.#onAbort();
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal.aborted) this.#onAbort();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // Informational; the final response follows.
    if (status < 200) return;
    // Already parsed. The raw bytes would take kilobytes for each open stream.
    controller.rawHeaders = [];
    if (status >= 300) {
      this.#failed = new FailedResponse(status, headers);
      return;
    }
    const encoding = headers['content-encoding'];
    const packed = encoding === undefined ? undefined : unpackBody(encoding, controller);
    const body = packed?.body ?? new ResponseBody(controller);
    this.#body = packed?.sink ?? body;
    this.#resolve({ status, headers, body, text: '' });
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Uint8Array): void {
    if (this.#failed === undefined) {
      this.#body?.push(bytes);
      return;
    }
    if (!this.#failed.add(bytes)) {
      this.#end();
      controller.abort(new Error('The rest of the error is not read.'));
    }
  }

  onResponseEnd(): void {
    this.#end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error);
  }

  #end(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    if (this.#failed !== undefined) this.#resolve(this.#failed.read());
    this.#body?.end();
  }

  #fail(error: Error): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    // A bad status is enough, however much of its body has come.
    if (this.#failed !== undefined) this.#resolve(this.#failed.read());
    else this.#reject(error);
    this.#body?.fail(error);
  }

  readonly #onAbort = (): void => {
    const reason = ensureError(this.#signal.reason);
    // Rejects at once, because undici can only end requests that have a connection.
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#reject(reason);
    this.#body?.abort(reason);
    this.#controller?.abort(reason);
  };
}

/** A response with a bad status, whose body says why. */
class FailedResponse {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(
    private readonly status: number,
    private readonly headers: IncomingHttpHeaders,
  ) {}

  /**
   * Adds bytes of the body.
   * @returns false once there is enough
   */
  add(bytes: Uint8Array): boolean {
    this.#chunks.push(bytes);
    this.#length += bytes.byteLength;
    return this.#length < ERROR_BODY_LIMIT;
  }

  read(): UpstreamResponse {
    const { status, headers } = this;
    return { status, headers, body: undefined, text: Buffer.concat(this.#chunks).toString('utf8') };
  }
}
