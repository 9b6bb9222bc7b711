export { agent, type AgentConfig } from './agent-config.js';
export { AgentNode } from './agent-node.js';
export { AgentStreamingNode, type ChannelMap } from './agent-streaming-node.js';
export { AgentStream } from './agent-stream.js';
export { Agent, type AgentInput } from './agent.js';
export { Node } from './node.js';
export { NodesModule } from './nodes.module.js';
