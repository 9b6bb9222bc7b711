import type { ProxyConfig } from '../../../config/index.js';
import type { AbortNotice } from '../../../kernel/index.js';
import { connectWithoutLoss } from './connect-without-loss.js';
import { type UpstreamResponse, Exchange } from './exchange.js';
import { createProxyDispatcher } from './proxy-dispatcher.js';
import { Agent, type Dispatcher } from './undici.js';

/** Longest wait for a connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/** A request as it goes over the wire. */
export interface UpstreamRequest {
  /** Scheme, host and port. */
  readonly origin: string;
  /** With the query. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: string;
}

/**
 * Carries requests over HTTP, on `undici` itself: through the platform's `fetch` each would cost more than twice as much, and
 * the body of its response would come through a web stream (docs/performance.md).
 *
 * Redirects are not followed: an upstream is where its address says, and a key must not go anywhere else.
 */
export class UpstreamTransport {
  readonly #dispatcher: Dispatcher;

  /** @param proxy undefined: requests go out directly */
  constructor(proxy?: ProxyConfig) {
    const options = {
      connect: connectWithoutLoss({ timeout: CONNECT_TIMEOUT_MS }),
      // Silence is watched by whoever waits for the response.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    this.#dispatcher = proxy === undefined ? new Agent(options) : createProxyDispatcher(proxy, options);
  }

  /** @throws Error of the connection, or the signal's reason */
  post({ origin, path, headers, body }: UpstreamRequest, signal: AbortNotice): Promise<UpstreamResponse> {
    const exchange = new Exchange(signal);
    this.#dispatcher.dispatch({ method: 'POST', origin, path, headers, body }, exchange);
    return exchange.response;
  }
}
