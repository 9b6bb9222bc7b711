import { Global, Module } from '@nestjs/common';
import { AppConfig } from '../config/index.js';
import { Clock } from '../kernel/index.js';
import { configureModelProviders, ModelProviders, OwnModels } from '../models/index.js';
import { AgentCompiler, ProviderFinder, WorkflowModule } from '../workflow/index.js';
import { AgentStepCompiler } from './agent-compiler.service.js';
import { AgentResources } from './agent-resources.js';
import { findSourceFolders, PromptManager } from './prompts/index.js';
import { McpServers, ModuleTools } from './tools/index.js';

/**
 * Provides what agents and the base classes of nodes need: models, tools and prompts. Global, so that authors' modules need
 * not import it.
 */
@Global()
@Module({
  imports: [WorkflowModule],
  providers: [
    McpServers,
    { provide: AgentCompiler, useClass: AgentStepCompiler },
    { provide: ModelProviders, useFactory: configureModelProviders, inject: [AppConfig, Clock, OwnModels] },
    { provide: PromptManager, useFactory: makePromptManager, inject: [AppConfig] },
    {
      provide: AgentResources,
      useFactory: (prompts: PromptManager, providers: ProviderFinder, mcp: McpServers) =>
        new AgentResources(prompts, new ModuleTools(providers), mcp),
      inject: [PromptManager, ProviderFinder, McpServers],
    },
  ],
  exports: [AgentCompiler, ModelProviders, PromptManager, AgentResources, McpServers],
})
export class NodesModule {}

/** In development, prompts are read from `src` whenever they change; in production, each is read once from the build. */
function makePromptManager({ isProduction }: AppConfig): PromptManager {
  if (isProduction) return new PromptManager();
  return new PromptManager({ reload: true, sourceFolders: findSourceFolders() });
}
