import type { DefinitionFault } from '../../errors/index.js';

/** Collects the faults of one workflow. */
export class DefinitionFaults {
  readonly #faults: DefinitionFault[] = [];

  /** @param workflow the workflow's id */
  constructor(readonly workflow: string) {}

  get all(): readonly DefinitionFault[] {
    return this.#faults;
  }

  add(code: string, message: string, fix: string, node?: string): void {
    this.#faults.push({ code, workflow: this.workflow, ...(node !== undefined && { node }), message, fix });
  }
}
