import { Injectable } from '@nestjs/common';
import type { Tool } from '@modelcontextprotocol/server';
import type { Caller } from '../../../access/index.js';
import { type CompiledWorkflow, WorkflowRegistry } from '../../../workflow/index.js';
import { makeInputSchema } from './input-schema.js';
import { findOutputSchema } from './output-schema.js';

/** A workflow as a tool. */
export interface WorkflowTool {
  readonly tool: Tool;
  readonly workflow: CompiledWorkflow;
}

/** What no name of a tool may hold. */
const FOREIGN = /[^A-Za-z0-9_.-]/g;

/** All workflows that clients may ask for, as tools: each once, whatever aliases it has. */
@Injectable()
export class ToolCatalog {
  #tools: ReadonlyMap<string, WorkflowTool> | undefined;

  constructor(private readonly registry: WorkflowRegistry) {}

  /** Those that a caller may use, in the order in which they were registered. */
  list(caller: Caller): readonly Tool[] {
    return [...this.#all.values()].flatMap(({ tool, workflow }) => (caller.mayUse(workflow.id) ? [tool] : []));
  }

  /** @returns undefined if there is none of this name that the caller may use */
  find(name: string, caller: Caller): WorkflowTool | undefined {
    const found = this.#all.get(name);
    return found !== undefined && caller.mayUse(found.workflow.id) ? found : undefined;
  }

  /** Made when they are first asked for: by then every workflow is registered. */
  get #all(): ReadonlyMap<string, WorkflowTool> {
    return (this.#tools ??= makeTools(this.registry));
  }
}

function makeTools(registry: WorkflowRegistry): ReadonlyMap<string, WorkflowTool> {
  const tools = new Map<string, WorkflowTool>();
  const workflows = new Set(registry.list().map(({ workflow }) => workflow));
  for (const workflow of workflows) {
    const name = chooseName(workflow.id, tools);
    const outputSchema = findOutputSchema(workflow);
    tools.set(name, {
      workflow,
      tool: {
        name,
        description: workflow.description,
        inputSchema: makeInputSchema(workflow),
        ...(outputSchema !== undefined && { outputSchema: outputSchema }),
      },
    });
  }
  return tools;
}

/** The id, with `_` for what no name may hold; numbered if another workflow has that name. */
function chooseName(id: string, taken: ReadonlyMap<string, unknown>): string {
  const base = id.replaceAll(FOREIGN, '_');
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}_${number}`;
  return name;
}
