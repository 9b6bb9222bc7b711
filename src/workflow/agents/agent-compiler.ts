import type { Type } from '@nestjs/common';
import type { FoundProvider } from '../provider-finder.js';
import type { WorkflowNode } from '../workflow-node.js';
import type { AgentTool } from './agent-tool.js';
import type { AgentData } from './agent.js';
import type { ChannelMap } from './channels.js';

/** How an agent stands in a workflow. */
export interface AgentUse {
  /** Whether its answer reaches the client as it is generated. */
  readonly visible: boolean;
  /** Which field of its structured answer streams in which channel; undefined: its JSON text is the content. */
  readonly channels: ChannelMap<never> | undefined;
  /** The names of what it is given beside `messages`: the variables of its instructions. */
  readonly variables: readonly string[];
  /** The instances of its tools. */
  readonly findTool: (type: Type<AgentTool>) => FoundProvider<AgentTool>;
}

/** Makes what runs of what an author has described; also the dependency-injection token. Agents at work are in `nodes/`. */
export abstract class AgentCompiler {
  /** @throws Error that says what is wrong with the agent, and the fix */
  abstract compile(agent: AgentData, use: AgentUse): WorkflowNode;
}
