import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/index.js';
import { AccessControl } from './access-control.middleware.js';
import { Admissions } from './admissions.service.js';
import { RateLimits, ConcurrencyLimit, Windows } from './limits/index.js';
import { BodyMemory } from './overload/index.js';
import { SharedStore } from './shared/index.js';

/** Who may use which workflows, and how much. */
@Module({
  imports: [MetricsModule],
  providers: [AccessControl, Admissions, BodyMemory, RateLimits, SharedStore, ConcurrencyLimit, Windows],
  exports: [AccessControl, Admissions, BodyMemory, SharedStore],
})
export class AccessModule {}
