import type { PromptManager } from './prompts/index.js';
import type { ModuleTools } from './tools/index.js';

/** What agents have at hand beside their models; also the dependency-injection token. */
export class AgentResources {
  constructor(
    readonly prompts: PromptManager,
    readonly tools: ModuleTools,
  ) {}
}
