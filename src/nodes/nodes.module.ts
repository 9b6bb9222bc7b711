import { Module } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { AppConfig } from '../config/index.js';
import { Clock } from '../kernel/index.js';
import { configureModelProviders, ModelProviders } from '../models/index.js';
import { AgentResources } from './agent-resources.js';
import { PromptManager } from './prompts/index.js';
import type { AgentTool, ToolSource } from './tools/index.js';

/** What the base classes of nodes need: models, tools and prompts. Import it into the module that provides your nodes. */
@Module({
  providers: [
    { provide: ModelProviders, useFactory: configureModelProviders, inject: [AppConfig, Clock] },
    {
      provide: PromptManager,
      useFactory: () => new PromptManager({ reload: process.env['NODE_ENV'] !== 'production' }),
    },
    {
      provide: AgentResources,
      useFactory: (prompts: PromptManager, modules: ModuleRef) => new AgentResources(prompts, providedTools(modules)),
      inject: [PromptManager, ModuleRef],
    },
  ],
  exports: [ModelProviders, PromptManager, AgentResources],
})
export class NodesModule {}

/** The tools that any module of the application provides. */
function providedTools(modules: ModuleRef): ToolSource {
  return {
    find: (type) => {
      try {
        return modules.get<AgentTool>(type, { strict: false });
      } catch {
        return undefined;
      }
    },
  };
}
