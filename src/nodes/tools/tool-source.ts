import type { Type } from '@nestjs/common';
import type { AgentTool, FoundProvider, ProviderFinder } from '../../workflow/index.js';
import { Toolbox } from './toolbox.js';

/** Finds the instance of an agent's tool. */
export type FindTool = (type: Type<AgentTool>) => FoundProvider<AgentTool>;

/** The tools that the application's modules provide; those of a node's own module come first. */
export class ModuleTools {
  constructor(private readonly providers: ProviderFinder) {}

  /** @param node whose agent has the tool */
  find(type: Type<AgentTool>, node: object): FoundProvider<AgentTool> {
    return this.providers.find(type, this.providers.findHost(node));
  }
}

/**
 * The tools of one agent.
 * @throws Error that names every tool which cannot be used, and the fix
 */
export function makeToolbox(types: readonly Type<AgentTool>[], find: FindTool | undefined): Toolbox {
  if (types.length === 0) return new Toolbox([]);
  if (find === undefined) {
    throw new Error('it has tools, but its constructor does not hand AgentResources on: super(providers, resources).');
  }
  const found = types.map((type) => ({ type, result: find(type) }));
  const faults = found.flatMap(({ type, result }) =>
    'problem' in result ? [`its tool ${type.name}: ${result.problem.message} ${result.problem.fix}`] : [],
  );
  if (faults.length > 0) throw new Error(faults.join(' '));
  return new Toolbox(found.flatMap(({ result }) => ('instance' in result ? [result.instance] : [])));
}
