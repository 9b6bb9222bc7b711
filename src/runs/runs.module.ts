import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/index.js';
import { TracingModule } from '../tracing/index.js';
import { WorkflowModule } from '../workflow/index.js';
import { RunService } from './run.service.js';

/** Runs the workflows that the application's modules provide. Brings the registry that finds them. */
@Module({
  imports: [MetricsModule, TracingModule, WorkflowModule],
  providers: [RunService],
  exports: [WorkflowModule, RunService],
})
export class RunsModule {}
