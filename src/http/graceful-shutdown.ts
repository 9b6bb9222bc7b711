import type { Server } from 'node:http';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
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
export class GracefulShutdown implements BeforeApplicationShutdown {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly runner: WorkflowRunner,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    await this.runner.drain(this.config.shutdown.graceMs);
    const server = this.adapterHost.httpAdapter.getHttpServer() as Server;
    this.clock.after(LAST_BYTES_MS, () => server.closeAllConnections());
  }
}
