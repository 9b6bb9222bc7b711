import type { ServerResponse } from 'node:http';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { AppConfig } from '../config/index.js';
import { Clock, holdProcessUntil } from '../kernel/index.js';
import { RunService } from '../runs/index.js';

/** How long the last bytes of ended answers may take to leave, in milliseconds. */
const LAST_BYTES_MS = 1_000;

/**
 * What happens between SIGTERM and the end of the process. Readiness ends at once, and clients are asked to leave their
 * connections. For `SHUTDOWN_DELAY_MS`, requests of those that have not noticed are still taken. The listener stays open
 * while runs finish, so that late requests get a clear 503 and not a refused connection. Then the connections of clients that
 * have not read their answers are closed.
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

  /** Knows each answer that is being given. */
  readonly middleware = (_request: Request, response: Response, next: NextFunction): void => {
    if (this.hasBegun) leaveConnection(response);
    this.#open.add(response);
    response.once('close', () => this.#open.delete(response));
    next();
  };

  /**
   * Runs once, however often it is called.
   * @param signal undefined if the application is closed by code: then nobody has to notice first
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

  /** Gives the last bytes of ended answers their time. */
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

/** The next request of this client, or gateway, comes on a new connection, which a load balancer sends elsewhere. */
function leaveConnection(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close');
}
