import type { Type } from '@nestjs/common';
import type { AgentTool } from './agent-tool.js';
import { Toolbox } from './toolbox.js';

/** Where agents find the instances of their tools. */
export interface ToolSource {
  /** Undefined if no module provides the class. */
  find(type: Type<AgentTool>): AgentTool | undefined;
}

/**
 * The tools of one agent.
 * @throws Error that names every tool which is not provided, and the fix
 */
export function toolboxOf(types: readonly Type<AgentTool>[], source: ToolSource | undefined): Toolbox {
  if (types.length > 0 && source === undefined) {
    throw new Error('it has tools, but its constructor does not hand AgentResources on: super(providers, resources).');
  }
  const tools = types.map((type) => ({ type, tool: source?.find(type) }));
  const missing = tools.flatMap(({ type, tool }) => (tool === undefined ? [type.name] : []));
  if (missing.length > 0) {
    throw new Error(`no module provides its tools ${missing.join(', ')}. Add them to the providers of a module.`);
  }
  return new Toolbox(tools.flatMap(({ tool }) => tool ?? []));
}
