import { Module } from '@nestjs/common';
import { TracingModule } from '../tracing/index.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.js';

/** Gives everyone the one {@link Metrics}, and Prometheus its page. */
@Module({ imports: [TracingModule], controllers: [MetricsController], providers: [Metrics], exports: [Metrics] })
export class MetricsModule {}
