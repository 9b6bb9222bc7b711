import { Injectable } from '@nestjs/common';
import type { TaskContext, WorkflowNode } from '../workflow/index.js';
import { AgentNodeBase } from './agent-node-base.js';

/**
 * A node that asks a language model in silence: `return this.agent.run({ messages }, context)` gives text or a validated object.
 * `flow.ask` is the shorter way; this one is for what has to be done around the call.
 */
@Injectable()
export abstract class AgentNode<Input, Output> extends AgentNodeBase<Output> implements WorkflowNode<Input, Output> {
  readonly streams = false;

  abstract process(input: Input, context: TaskContext): Output | Promise<Output>;
}
