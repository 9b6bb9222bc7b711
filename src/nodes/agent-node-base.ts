import { Injectable } from '@nestjs/common';
import { ModelProviders } from '../models/index.js';
import type { ParameterGroup } from '../workflow/index.js';
import { Agent } from './agent.js';
import type { AgentConfig } from './agent-config.js';

/** What the two kinds of agent nodes share: an agent made from the node's configuration. */
@Injectable()
export abstract class AgentNodeBase<Output> {
  abstract readonly agentConfig: AgentConfig<Output>;
  #agent: Agent<Output> | undefined;

  constructor(private readonly providers: ModelProviders) {}

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
    return (this.#agent ??= new Agent(this.agentConfig, this.providers));
  }
}
