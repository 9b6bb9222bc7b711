import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type BeforeApplicationShutdown, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AppConfig } from '../config/index.js';
import { Clock } from '../kernel/index.js';
import { WorkflowRunner } from '../workflow/index.js';

/** How long the last bytes of ended answers may take to leave, in milliseconds. */
const LAST_BYTES_MS = 1_000;

/**
 * What happens between SIGTERM and the end of the process. The listener stays open while runs finish, so that requests
 * still on their way get a clear 503 and not a refused connection; then connections are closed, slow readers included.
 */
@Injectable()
export class GracefulShutdown implements OnModuleInit, BeforeApplicationShutdown {
  readonly #open = new Set<ServerResponse>();

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly runner: WorkflowRunner,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.#server()?.on('request', (_request: IncomingMessage, response: ServerResponse) => {
      this.#open.add(response);
      response.once('close', () => this.#open.delete(response));
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.runner.drain(this.config.shutdown.graceMs);
    const server = this.#server();
    if (server === undefined) return;
    // Node waits for connections that never sent a request as if they were busy; clients keep such in reserve.
    const closeAll = (): void => server.closeAllConnections();
    if (this.#open.size === 0) {
      closeAll();
      return;
    }
    const limit = this.clock.after(LAST_BYTES_MS, closeAll);
    for (const response of this.#open) {
      response.once('close', () => {
        if (this.#open.size > 0) return;
        limit.cancel();
        closeAll();
      });
    }
  }

  /** Undefined where the application answers no requests: in scripts and on the command line. */
  #server(): Server | undefined {
    const adapter = this.adapterHost.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    return adapter?.getHttpServer() as Server | undefined;
  }
}
