import { Module } from '@nestjs/common';
import { HttpModule } from '../http/index.js';
import { NodesModule } from '../nodes/index.js';
import { HealthController } from './health.controller.js';

/** Liveness and readiness. */
@Module({ imports: [HttpModule, NodesModule], controllers: [HealthController] })
export class HealthModule {}
