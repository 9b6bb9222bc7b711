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

/** Characters that tool names must not have. */
const FOREIGN = /[^A-Za-z0-9_.-]/g;

/** All workflows that clients may use, as tools: each once, without its aliases. */
@Injectable()
export class ToolCatalog {
  #tools: ReadonlyMap<string, WorkflowTool> | undefined;

  constructor(private readonly registry: WorkflowRegistry) {}

  /** The tools that a caller may use, in the order of their registration. */
  list(caller: Caller): readonly Tool[] {
    return [...this.#all.values()].flatMap(({ tool, workflow }) => (caller.mayUse(workflow.id) ? [tool] : []));
  }

  /** @returns undefined if the caller may use no tool of this name */
  find(name: string, caller: Caller): WorkflowTool | undefined {
    const found = this.#all.get(name);
    return found !== undefined && caller.mayUse(found.workflow.id) ? found : undefined;
  }

  /** Made at first use: by then every workflow is registered. */
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

/** The id, with `_` for characters that names must not have; numbered if another workflow has that name. */
function chooseName(id: string, taken: ReadonlyMap<string, unknown>): string {
  const base = id.replaceAll(FOREIGN, '_');
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}_${number}`;
  return name;
}
