import { Injectable, Optional } from '@nestjs/common';
import { ModelProviders } from '../models/index.js';
import type { ParameterGroup } from '../workflow/index.js';
import type { AgentConfig } from './agent-config.js';
import { AgentResources } from './agent-resources.js';
import { Agent } from './agent.js';

/** What the two kinds of agent nodes share: an agent made from the node's configuration. */
@Injectable()
export abstract class AgentNodeBase<Output> {
  abstract readonly agentConfig: AgentConfig<Output>;
  #agent: Agent<Output> | undefined;

  /** @param resources where its tools and prompt files are found; a node without tools can do without */
  constructor(
    private readonly providers: ModelProviders,
    @Optional() private readonly resources?: AgentResources,
  ) {}

  /** Checks the configuration at start-up. Called by the compiler of workflows. */
  prepare(): void {
    void this.agent;
  }

  /** See `WorkflowNode.forwards`. */
  get forwards(): readonly ParameterGroup[] {
    return this.agent.forwards;
  }

  /** The agent of {@link agentConfig}. Made at its first use, since a subclass sets its fields after this constructor. */
  protected get agent(): Agent<Output> {
    return (this.#agent ??= new Agent(this.agentConfig, this.providers, this.resources, this));
  }
}
