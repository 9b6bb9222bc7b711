import { Module } from '@nestjs/common';
import { Doors, DoorsPlace, HttpModule } from '../http/index.js';
import { MetricsModule } from '../metrics/index.js';
import { NodesModule } from '../nodes/index.js';
import { HealthController } from './health.controller.js';
import { MetricsController } from './metrics.controller.js';

/** Liveness, readiness and metrics. */
@Module({ imports: [HttpModule, MetricsModule, NodesModule], providers: [HealthController, MetricsController] })
export class HealthModule {
  constructor(doors: Doors, place: DoorsPlace, health: HealthController, metrics: MetricsController) {
    if (!place.watches) return;
    doors.open(health, { isPublic: true });
    doors.open(metrics, { isPublic: true });
  }
}
