import type { Type } from '@nestjs/common';
import type { FoundProvider } from '../provider-finder.service.js';
import type { WorkflowNode } from '../workflow-node.js';
import type { AgentTool } from './agent-tool.js';
import type { AgentData } from './agent.js';
import type { ChannelMap } from './channels.js';

/** How a workflow uses an agent. */
export interface AgentUse {
  /** Whether its output reaches the client as it is generated. */
  readonly visible: boolean;
  /** Which field of its structured output streams in which channel; undefined: its JSON text is the content. */
  readonly channels: ChannelMap<never> | undefined;
  /** Names of its inputs beside `messages`: the variables of its instructions. */
  readonly variables: readonly string[];
  /** Finds the instances of its tools. */
  readonly findTool: (type: Type<AgentTool>) => FoundProvider<AgentTool>;
}

/** Compiles an author's agent into a node that runs; implemented in `nodes/`. Also the dependency-injection token. */
export abstract class AgentCompiler {
  /** @throws Error that says what is wrong with the agent, and how to correct it */
  abstract compile(agent: AgentData, use: AgentUse): WorkflowNode;
}
