import type { ProxyConfig } from '../../../config/index.js';
import type { AbortNotice } from '../../../kernel/index.js';
import { connectWithoutLoss } from './connect-without-loss.js';
import { type UpstreamResponse, Exchange } from './exchange.js';
import { createProxyDispatcher } from './proxy-dispatcher.js';
import { Agent, type Dispatcher } from './undici.js';

/** Longest wait for a connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/** A request on the wire. */
export interface UpstreamRequest {
  /** Scheme, host and port. */
  readonly origin: string;
  /** With the query. */
  readonly path: string;
  /** Names and values, alternating. */
  readonly headers: string[];
  readonly body: string;
}

/**
 * Sends requests with `undici` directly: through `fetch` each would cost more than twice as much, and the response would come
 * through a web stream (docs/performance.md).
 *
 * Redirects are not followed, because a key must not be sent to another address.
 */
export class UpstreamTransport {
  readonly #dispatcher: Dispatcher;

  /** @param proxy undefined: requests are sent directly */
  constructor(proxy: ProxyConfig | undefined) {
    const options = {
      connect: connectWithoutLoss({ timeout: CONNECT_TIMEOUT_MS }),
      // The caller watches for silence.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    this.#dispatcher = proxy === undefined ? new Agent(options) : createProxyDispatcher(proxy, options);
  }

  /**
   * Sends a request and resolves with the head of its response.
   * @throws the error of the connection, or the signal's reason
   */
  post({ origin, path, headers, body }: UpstreamRequest, signal: AbortNotice): Promise<UpstreamResponse> {
    const exchange = new Exchange(signal);
    this.#dispatcher.dispatch({ method: 'POST', origin, path, headers, body }, exchange);
    return exchange.response;
  }
}
