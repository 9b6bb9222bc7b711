import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { MetricsModule } from '../metrics/index.js';
import { RunsModule } from '../runs/index.js';
import { TracingModule } from '../tracing/index.js';
import { AccessLog } from './access-log.middleware.js';
import { Doors } from './doors.service.js';
import { ErrorResponses } from './error-responses.middleware.js';
import { GracefulShutdown } from './graceful-shutdown.service.js';
import { RequestChain } from './request-chain.service.js';
import { RunRoutes } from './run-routes.service.js';

/** The router, the middleware of all routes, and the graceful shutdown. */
@Module({
  imports: [AccessModule, MetricsModule, RunsModule, TracingModule],
  providers: [AccessLog, Doors, ErrorResponses, GracefulShutdown, RequestChain, RunRoutes],
  exports: [AccessLog, Doors, GracefulShutdown, RunRoutes],
})
export class HttpModule {}
