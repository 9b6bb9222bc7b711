import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ProviderFinder } from './provider-finder.service.js';
import { WorkflowExplorer } from './workflow-explorer.service.js';
import { WorkflowRegistry } from './workflow-registry.service.js';

/** Finds and compiles the workflows that the application's modules provide. Needs a global provider of `AgentCompiler`. */
@Module({
  imports: [DiscoveryModule],
  providers: [ProviderFinder, WorkflowExplorer, WorkflowRegistry],
  exports: [ProviderFinder, WorkflowRegistry],
})
export class WorkflowModule {}
