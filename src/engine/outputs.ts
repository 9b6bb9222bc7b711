import type { Type } from '@nestjs/common';
import type { WorkflowNode } from '../workflow/index.js';

interface StepOutput {
  readonly value: unknown;
  readonly instance: object | undefined;
}

/** The outputs of the steps that have finished. */
export class Outputs {
  /** By key. Made for the first one: most open streams are those of a workflow's first step. */
  #outputs: Map<string, StepOutput> | undefined;

  /** @param instance the node that produced it; absent for routes and nested workflows */
  set(key: string, value: unknown, instance?: WorkflowNode<unknown>): void {
    (this.#outputs ??= new Map()).set(key, { value, instance });
  }

  has(key: string): boolean {
    return this.#outputs?.has(key) === true;
  }

  get(key: string): unknown {
    return this.#outputs?.get(key)?.value;
  }

  /** The output of the step with this key; without a key, of the node of this class that finished last. */
  findByNode(node: Type<unknown>, key: string | undefined): unknown {
    if (key !== undefined) return this.get(key);
    return [...(this.#outputs?.values() ?? [])].findLast(({ instance }) => instance instanceof node)?.value;
  }
}
