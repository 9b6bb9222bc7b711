import type { PromptManager } from './prompts/index.js';
import type { McpServers, ModuleTools } from './tools/index.js';

/** What agents use beside their models: prompt files and tools. Also the dependency-injection token. */
export class AgentResources {
  constructor(
    readonly prompts: PromptManager,
    readonly tools: ModuleTools,
    readonly mcp?: McpServers,
  ) {}
}
