import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { ensureError } from '../../../kernel/index.js';
import { AnswerBody } from './answer-body.js';
import { type BodySink, unpacked } from './unpacked.js';

/** An answer's head, and its body unless the status is bad: the response then has it. */
export interface Answer {
  readonly response: Response;
  readonly body: AnswerBody | undefined;
}

/** Longest body of an error that is read, in bytes; what is beyond it helps nobody. */
const ERROR_BODY_LIMIT = 64 * 1024;
/** The headers of answers that somebody here reads. */
const READ_HEADERS = ['content-type', 'date', 'retry-after', 'retry-after-ms', 'x-should-retry', 'x-request-id'];

/** One request and its answer, as undici tells of it. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Answer>;
  readonly #signal: AbortSignal | undefined;
  #resolve: (answer: Answer) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #body: BodySink | undefined;
  #failed: FailedAnswer | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (signal?.aborted === true) this.#onAbort();
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal?.aborted === true) this.#onAbort();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // Informational; the answer follows.
    if (status < 200) return;
    if (status >= 300) {
      this.#failed = new FailedAnswer(status, headersOf(headers));
      return;
    }
    const encoding = headers['content-encoding'];
    const packed = encoding === undefined ? undefined : unpacked(encoding, controller);
    const body = packed?.body ?? new AnswerBody(controller);
    this.#body = packed?.sink ?? body;
    this.#resolve({ response: new Response(null, { status, headers: headersOf(headers) }), body });
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
    this.#signal?.removeEventListener('abort', this.#onAbort);
    if (this.#failed !== undefined) this.#resolve({ response: this.#failed.response(), body: undefined });
    this.#body?.end();
  }

  #fail(error: Error): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#reject(error);
    this.#body?.fail(error);
  }

  readonly #onAbort = (): void => {
    const reason = ensureError(this.#signal?.reason);
    // Whoever waits is told at once: undici itself can only end what has a connection.
    this.#fail(reason);
    this.#controller?.abort(reason);
  };
}

/** An answer with a bad status, whose body says why. */
class FailedAnswer {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(
    private readonly status: number,
    private readonly headers: Headers,
  ) {}

  /** @returns false once there is enough */
  add(bytes: Uint8Array): boolean {
    this.#chunks.push(bytes);
    this.#length += bytes.byteLength;
    return this.#length < ERROR_BODY_LIMIT;
  }

  response(): Response {
    const { status, headers } = this;
    const body = status === 304 ? null : Buffer.concat(this.#chunks);
    // A status that HTTP does not know is the upstream's fault.
    return new Response(body, { status: status > 599 ? 502 : status, headers });
  }
}

function headersOf(headers: IncomingHttpHeaders): Headers {
  const read = new Headers();
  for (const name of READ_HEADERS) {
    const value = headers[name];
    if (value !== undefined) read.set(name, typeof value === 'string' ? value : value.join(', '));
  }
  return read;
}
