import type { Type } from '@nestjs/common';
import type { AgentTool, FoundProvider, ProviderFinder } from '../../workflow/index.js';
import { Toolbox } from './toolbox.js';

/** Finds the instance of an agent's tool. */
export type FindTool = (type: Type<AgentTool>) => FoundProvider<AgentTool>;

/** Finds the tools that the application's modules provide; those of a node's own module come first. */
export class ModuleTools {
  constructor(private readonly providers: ProviderFinder) {}

  /** @param node the node whose agent has the tool */
  find(type: Type<AgentTool>, node: object): FoundProvider<AgentTool> {
    return this.providers.find(type, this.providers.findHost(node));
  }
}

/**
 * Makes the toolbox of one agent.
 * @throws Error that names every tool that cannot be used, and how to correct it
 */
export function makeToolbox(types: readonly Type<AgentTool>[], find: FindTool | undefined): Toolbox {
  if (types.length === 0) return new Toolbox([]);
  if (find === undefined) {
    throw new Error(
      'it has tools, but its constructor does not pass AgentResources on. Call super(providers, resources).',
    );
  }
  const found = types.map((type) => ({ type, result: find(type) }));
  const faults = found.flatMap(({ type, result }) =>
    'problem' in result ? [`its tool ${type.name}: ${result.problem.message} ${result.problem.fix}`] : [],
  );
  if (faults.length > 0) throw new Error(faults.join(' '));
  return new Toolbox(found.flatMap(({ result }) => ('instance' in result ? [result.instance] : [])));
}
