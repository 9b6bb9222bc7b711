import { createServer } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { ServerConfig } from '../config/index.js';

/** How often slow requests are looked for, in milliseconds; Node's own 30 s would make short limits meaningless. */
const CHECK_INTERVAL_MS = 1_000;

/**
 * Express on a server of Node's with the limits that the configuration sets. Who sends a request too slowly or with too long
 * headers is cut off, with 408 or 431; an idle connection outlives the gateway's wish to use it again.
 */
export class ServerAdapter extends ExpressAdapter {
  constructor(private readonly config: ServerConfig) {
    super();
  }

  override initHttpServer(): void {
    const { keepAliveTimeoutMs, headersTimeoutMs, requestTimeoutMs, maxHeaderBytes } = this.config;
    this.httpServer = createServer(
      {
        keepAliveTimeout: keepAliveTimeoutMs,
        // Node refuses to start with a longer one.
        headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
        requestTimeout: requestTimeoutMs,
        connectionsCheckingInterval: CHECK_INTERVAL_MS,
        maxHeaderSize: maxHeaderBytes,
      },
      this.getInstance(),
    );
    // The limit of their size is enough. Node would drop the ones beyond the thousandth without a word, gateways' among them.
    this.httpServer.maxHeadersCount = 0;
  }
}
