import { Injectable } from '@nestjs/common';
import type { TaskContext, WorkflowNode } from '../workflow/index.js';
import { AgentNodeBase } from './agent-node-base.js';

/** One silent call of a language model: `return this.agent.run({ messages }, context)` gives text or a validated object. */
@Injectable()
export abstract class AgentNode<Input, Output> extends AgentNodeBase<Output> implements WorkflowNode<Input, Output> {
  readonly speaks = false;

  abstract process(input: Input, context: TaskContext): Output | Promise<Output>;
}
