import type { Type } from '@nestjs/common';
import type { FoundProvider, ProviderFinder } from '../../workflow/index.js';
import type { AgentTool } from './agent-tool.js';
import { Toolbox } from './toolbox.js';

/** Where agents find the instances of their tools. */
export interface ToolSource {
  /** @param node whose agent has the tool; undefined for an agent that belongs to none */
  find(type: Type<AgentTool>, node: object | undefined): FoundProvider<AgentTool>;
}

/** The tools that the application's modules provide; those of the node's own module come first. */
export class ModuleTools implements ToolSource {
  constructor(private readonly providers: ProviderFinder) {}

  find(type: Type<AgentTool>, node: object | undefined): FoundProvider<AgentTool> {
    return this.providers.find(type, node && this.providers.findHost(node));
  }
}

/**
 * The tools of one agent.
 * @param node whose agent it is, see {@link ToolSource}
 * @throws Error that names every tool which cannot be used, and the fix
 */
export function makeToolbox(
  types: readonly Type<AgentTool>[],
  source: ToolSource | undefined,
  node: object | undefined,
): Toolbox {
  if (types.length === 0) return new Toolbox([]);
  if (source === undefined) {
    throw new Error('it has tools, but its constructor does not hand AgentResources on: super(providers, resources).');
  }
  const found = types.map((type) => ({ type, result: source.find(type, node) }));
  const faults = found.flatMap(({ type, result }) =>
    'problem' in result ? [`its tool ${type.name}: ${result.problem.message} ${result.problem.fix}`] : [],
  );
  if (faults.length > 0) throw new Error(faults.join(' '));
  return new Toolbox(found.flatMap(({ result }) => ('instance' in result ? [result.instance] : [])));
}
