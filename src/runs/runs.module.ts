import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/index.js';
import { TracingModule } from '../tracing/index.js';
import { WorkflowModule } from '../workflow/index.js';
import { WorkflowRunner } from './workflow-runner.js';

/** Runs the workflows that the application's modules provide. Brings the registry that finds them. */
@Module({
  imports: [MetricsModule, TracingModule, WorkflowModule],
  providers: [WorkflowRunner],
  exports: [WorkflowModule, WorkflowRunner],
})
export class RunsModule {}
