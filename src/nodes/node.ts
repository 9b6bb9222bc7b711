import { Injectable } from '@nestjs/common';
import type { TaskContext, WorkflowNode } from '../workflow/index.js';

/** A step of plain code: it takes its input and returns its output, without a word to the client. */
@Injectable()
export abstract class Node<Input, Output> implements WorkflowNode<Input, Output> {
  readonly speaks = false;

  abstract process(input: Input, context: TaskContext): Output | Promise<Output>;
}
