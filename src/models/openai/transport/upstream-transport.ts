import { Agent, type Dispatcher } from 'undici';
import { Exchange } from './exchange.js';
import type { AnswerBody } from './answer-body.js';

/** Longest wait for a connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Carries the SDK's requests over HTTP, in place of the platform's `fetch`: on `undici` itself a request costs less than
 * half, and the body of an answer comes without a web stream between (docs/performance.md).
 *
 * It is `fetch` as far as the SDK needs it. An answer with a good status is a `Response` without a body: the body is had
 * from {@link bodyOf}. Redirects are not followed, since an upstream is where its address says, and a key must not go
 * anywhere else.
 */
export class UpstreamTransport {
  readonly #dispatcher: Dispatcher;
  readonly #bodies = new WeakMap<Response, AnswerBody>();

  constructor() {
    this.#dispatcher = new Agent({
      connect: { timeout: CONNECT_TIMEOUT_MS },
      // Silence is watched by whoever waits for the answer.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** The body of a good answer of {@link fetch}. */
  bodyOf(response: Response): AnswerBody | undefined {
    return this.#bodies.get(response);
  }

  /** @throws Error of the connection, or the signal's reason */
  readonly fetch = async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const { origin, pathname, search } = new URL(url instanceof Request ? url.url : url);
    const exchange = new Exchange(init.signal ?? undefined);
    this.#dispatcher.dispatch(
      {
        origin,
        path: pathname + search,
        method: init.method ?? 'GET',
        headers: [...new Headers(init.headers)].flat(),
        body: typeof init.body === 'string' ? init.body : null,
      },
      exchange,
    );
    const { response, body } = await exchange.answer;
    if (body !== undefined) this.#bodies.set(response, body);
    return response;
  };
}
