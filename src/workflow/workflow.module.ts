import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { MetricsModule } from '../metrics/index.js';
import { WorkflowRunner } from '../runs/index.js';
import { TracingModule } from '../tracing/index.js';
import { ProviderFinder } from './provider-finder.js';
import { WorkflowExplorer } from './workflow-explorer.js';
import { WorkflowRegistry } from './workflow-registry.js';

/** Finds, compiles and runs the workflows that the application's modules provide. */
@Module({
  imports: [DiscoveryModule, MetricsModule, TracingModule],
  providers: [ProviderFinder, WorkflowExplorer, WorkflowRegistry, WorkflowRunner],
  exports: [WorkflowRegistry, WorkflowRunner],
})
export class WorkflowModule {}
