import { Injectable } from '@nestjs/common';
import { ModelNotFoundError } from '../errors/index.js';
import type { CompiledWorkflow } from './workflow-schema.js';

/** A name that clients may send as `model`. */
export interface WorkflowName {
  /** The id or alias. */
  readonly name: string;
  readonly workflow: CompiledWorkflow;
  /** True if a request with this name and without `stream` gets a stream. */
  readonly streamByDefault: boolean;
}

/** All workflows of this process by id and alias. It is filled at start-up, before the server listens. */
@Injectable()
export class WorkflowRegistry {
  // A Map, so that `__proto__` and `constructor` are names like any other.
  readonly #names = new Map<string, WorkflowName>();

  /** @returns false if the name is taken */
  register(name: WorkflowName): boolean {
    if (this.#names.has(name.name)) return false;
    this.#names.set(name.name, name);
    return true;
  }

  /**
   * Finds a workflow that a client may ask for.
   * @throws ModelNotFoundError if no workflow has this id or alias, or it only runs as a step
   */
  resolveServed(name: string): WorkflowName {
    const found = this.resolve(name);
    if (found.workflow.onlyAsStep) throw new ModelNotFoundError(name);
    return found;
  }

  /**
   * Finds any workflow.
   * @throws ModelNotFoundError if no workflow has this id or alias
   */
  resolve(name: string): WorkflowName {
    const found = this.#names.get(name);
    if (found === undefined) throw new ModelNotFoundError(name);
    return found;
  }

  /** Any workflow with this id or alias; undefined if there is none. */
  find(name: string): CompiledWorkflow | undefined {
    return this.#names.get(name)?.workflow;
  }

  /** Lists every id and alias, including those that no client may send. */
  listAll(): readonly WorkflowName[] {
    return [...this.#names.values()];
  }

  /** Lists every id and alias that clients may send, in the order of registration. */
  list(): readonly WorkflowName[] {
    return [...this.#names.values()].filter(({ workflow }) => !workflow.onlyAsStep);
  }
}
