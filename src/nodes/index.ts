export { AgentNode } from './agent-node.js';
export { AgentResources } from './agent-resources.js';
export { AgentStreamingNode } from './agent-streaming-node.js';
export { McpServers } from './tools/index.js';
export { NodesModule } from './nodes.module.js';
export { PromptManager } from './prompts/prompt-manager.js';
export { Prompt } from './prompts/prompt.js';
export { ToolRoundsExceededError } from './tools/tool-errors.js';
