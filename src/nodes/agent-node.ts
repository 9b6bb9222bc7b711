import { Injectable } from '@nestjs/common';
import type { TaskContext, WorkflowNode } from '../workflow/index.js';
import { AgentNodeBase } from './agent-node-base.js';

/**
 * A silent node that asks a language model: `return this.agent.run({ messages }, context)` gives text or a validated object.
 * `flow.ask` is the shorter way; extend this class if the node has to do something around the call.
 */
@Injectable()
export abstract class AgentNode<Input, Output> extends AgentNodeBase<Output> implements WorkflowNode<Input, Output> {
  readonly streams = false;

  abstract process(input: Input, context: TaskContext): Output | Promise<Output>;
}
