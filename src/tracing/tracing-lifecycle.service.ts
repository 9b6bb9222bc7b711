import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AppConfig } from '../config/index.js';
import { holdProcessUntil } from '../kernel/index.js';
import type { Backend } from './backends/index.js';
import { BackendTracer } from './recording/backend-tracer.js';
import { Tracer } from './tracer.js';

/** The backends that traces go to; its own dependency-injection token. */
export class TracingBackends {
  constructor(readonly all: readonly Backend[]) {}
}

/** What tracing does when the server starts and ends. Neither waits for a backend longer than the configuration says. */
@Injectable()
export class TracingLifecycle implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly backends: TracingBackends,
    private readonly tracer: Tracer,
    private readonly config: AppConfig,
  ) {}

  onApplicationBootstrap(): void {
    for (const { checkIn } of this.backends.all) void checkIn();
  }

  /** By now all runs have ended, and with them their traces. */
  async onApplicationShutdown(): Promise<void> {
    if (!(this.tracer instanceof BackendTracer)) return;
    try {
      await holdProcessUntil(this.tracer.flush(this.config.tracing.flushTimeoutMs));
    } finally {
      this.tracer.close();
    }
  }
}
