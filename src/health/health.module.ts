import { Module } from '@nestjs/common';
import { WorkflowModule } from '../workflow/index.js';
import { HealthController } from './health.controller.js';

/** Liveness and readiness. */
@Module({ imports: [WorkflowModule], controllers: [HealthController] })
export class HealthModule {}
