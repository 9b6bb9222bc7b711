import { Module } from '@nestjs/common';
import { TracingModule } from '../tracing/index.js';
import { Metrics } from './metrics.service.js';

/** Provides the one {@link Metrics}. */
@Module({ imports: [TracingModule], providers: [Metrics], exports: [Metrics] })
export class MetricsModule {}
