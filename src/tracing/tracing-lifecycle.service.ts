import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AppConfig } from '../config/index.js';
import { holdProcessUntil } from '../kernel/index.js';
import type { Backend } from './backends/index.js';
import { BackendTracer } from './recording/backend-tracer.js';
import { Tracer } from './tracer.js';

/** The tracing backends; also the dependency-injection token. */
export class TracingBackends {
  constructor(readonly all: readonly Backend[]) {}
}

/** Checks the backends when the server starts, and flushes traces when it stops, for no longer than configured. */
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

  /** Flushes the traces, all of which have ended with their runs. */
  async onApplicationShutdown(): Promise<void> {
    if (!(this.tracer instanceof BackendTracer)) return;
    try {
      await holdProcessUntil(this.tracer.flush(this.config.tracing.flushTimeoutMs));
    } finally {
      this.tracer.close();
    }
  }
}
