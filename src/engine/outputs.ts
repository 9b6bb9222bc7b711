import type { Type } from '@nestjs/common';
import type { WorkflowNode } from '../workflow/index.js';

/** The outputs of the steps that have finished. */
export class Outputs {
  readonly #outputs = new Map<string, { readonly value: unknown; readonly instance: object | undefined }>();

  /** @param instance the node that produced it; absent for routes and nested workflows */
  set(key: string, value: unknown, instance?: WorkflowNode<unknown>): void {
    this.#outputs.set(key, { value, instance });
  }

  has(key: string): boolean {
    return this.#outputs.has(key);
  }

  get(key: string): unknown {
    return this.#outputs.get(key)?.value;
  }

  /** The output of the step with this key; without a key, of the node of this class that finished last. */
  findByNode(node: Type<unknown>, key: string | undefined): unknown {
    if (key !== undefined) return this.get(key);
    return [...this.#outputs.values()].findLast(({ instance }) => instance instanceof node)?.value;
  }
}
