import { type DynamicModule, Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { CompletionsModule } from '../api/completions/index.js';
import { ModelsModule } from '../api/models/index.js';
import { AppConfig } from '../config/index.js';
import { HealthModule } from '../health/index.js';
import { HttpModule } from '../http/index.js';
import { Clock, IdSource, RandomIdSource, SystemClock } from '../kernel/index.js';
import { MetricsModule } from '../metrics/index.js';
import { PlaygroundModule } from '../playground/index.js';
import { RunsModule } from '../runs/index.js';
import { TracingModule } from '../tracing/index.js';
import { WorkflowModule } from '../workflow/index.js';
import { WorkflowsModule } from '../workflows/index.js';

/** The composition root: the only place that names every module. */
@Module({})
export class AppModule {
  /** @param config the validated environment; every module can inject it, the clock and the source of ids */
  static register(config: AppConfig): DynamicModule {
    return {
      module: AppModule,
      global: true,
      imports: [
        HttpModule,
        AccessModule,
        TracingModule,
        MetricsModule,
        WorkflowModule,
        RunsModule,
        WorkflowsModule,
        CompletionsModule,
        ModelsModule,
        HealthModule,
        ...(config.http.playground ? [PlaygroundModule] : []),
      ],
      providers: [
        { provide: AppConfig, useValue: config },
        { provide: Clock, useClass: SystemClock },
        { provide: IdSource, useClass: RandomIdSource },
      ],
      exports: [AppConfig, Clock, IdSource],
    };
  }
}
