import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { MetricsModule } from '../metrics/index.js';
import { RunsModule } from '../runs/index.js';
import { TracingModule } from '../tracing/index.js';
import { AccessLog } from './access-log.middleware.js';
import { OpenAIExceptionFilter } from './exception.filter.js';
import { GracefulShutdown } from './graceful-shutdown.service.js';
import { RunRoutes } from './run-routes.js';

/** What holds for every route: the form of errors, and the end of the process. */
@Module({
  imports: [MetricsModule, RunsModule, TracingModule],
  providers: [{ provide: APP_FILTER, useClass: OpenAIExceptionFilter }, GracefulShutdown, AccessLog, RunRoutes],
  exports: [GracefulShutdown, RunRoutes],
})
export class HttpModule {}
