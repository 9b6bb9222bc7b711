import { type DynamicModule, Module } from '@nestjs/common';
import type { AppConfig } from '../config/index.js';
import { DoorsPlace } from '../http/index.js';
import { MillraceModule } from '../module/index.js';
import { WorkflowsModule } from '../workflows/index.js';

/** The service: Millrace and its example workflows, and nothing else. */
@Module({ imports: [WorkflowsModule] })
export class AppModule {
  /** @param config the settings of the service, already checked */
  static register(config: AppConfig): DynamicModule {
    const place = new DoorsPlace('/', { isWhole: true, watches: true });
    return { module: AppModule, imports: [MillraceModule.forConfig(config, place)] };
  }
}
