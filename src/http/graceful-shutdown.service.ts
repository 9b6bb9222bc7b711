import type { ServerResponse } from 'node:http';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { AppConfig } from '../config/index.js';
import { Clock, holdProcessUntil } from '../kernel/index.js';
import { RunService } from '../runs/index.js';

/** How long the last bytes of finished responses may take to leave, in milliseconds. */
const LAST_BYTES_MS = 1_000;

/**
 * The shutdown between SIGTERM and the end of the process. Readiness ends at once, and clients are asked to close their connections.
 * For `SHUTDOWN_DELAY_MS`, requests of clients that have not noticed are still taken. The listener stays open while runs finish,
 * so that late requests get a clear 503 and not a refused connection. In the end, the connections of clients that have not read
 * their responses are closed.
 */
@Injectable()
export class GracefulShutdown implements BeforeApplicationShutdown {
  readonly #logger = new Logger('Shutdown');
  readonly #open = new Set<ServerResponse>();
  #done: Promise<void> | undefined;

  constructor(
    private readonly runner: RunService,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /** True from the signal on: new requests should go elsewhere. */
  get hasBegun(): boolean {
    return this.#done !== undefined;
  }

  /** The middleware that keeps track of open responses. */
  readonly middleware = (_request: Request, response: Response, next: NextFunction): void => {
    if (this.hasBegun) leaveConnection(response);
    this.#open.add(response);
    // Not `once`, which takes 200 bytes more of each open response: Node emits `close` only once.
    response.on('close', () => this.#open.delete(response));
    next();
  };

  /**
   * Shuts down once, however often it is called.
   * @param signal undefined if the application is closed by code: then there is no delay
   */
  beforeApplicationShutdown(signal?: string): Promise<void> {
    this.#done ??= holdProcessUntil(this.#shutDown(signal));
    return this.#done;
  }

  async #shutDown(signal: string | undefined): Promise<void> {
    for (const response of this.#open) leaveConnection(response);
    const { delayMs, graceMs } = this.config.shutdown;
    if (signal !== undefined && delayMs > 0) {
      this.#logger.log(`${signal}: not ready any more; taking requests for another ${delayMs} ms`);
      await new Promise<void>((resolve) => {
        this.clock.after(delayMs, resolve);
      });
    }
    await this.runner.drain(graceMs);
    await this.#endResponses();
  }

  /** Waits for the last bytes of finished responses. */
  async #endResponses(): Promise<void> {
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      const limit = this.clock.after(LAST_BYTES_MS, () => {
        for (const response of this.#open) response.socket?.destroy();
        resolve();
      });
      for (const response of this.#open) {
        response.once('close', () => {
          if (this.#open.size > 0) return;
          limit.cancel();
          resolve();
        });
      }
    });
  }
}

/** Makes the client, or gateway, open a new connection for its next request, which a load balancer sends elsewhere. */
function leaveConnection(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close');
}
