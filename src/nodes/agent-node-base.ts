import { Injectable, Optional, type Type } from '@nestjs/common';
import { ModelProviders } from '../models/index.js';
import type { OutputType } from '../schema/index.js';
import type { Agent, AgentData, AgentTool, ParameterGroup } from '../workflow/index.js';
import { planAgent } from './agent-plan.js';
import { AgentResources } from './agent-resources.js';
import { AgentRunner } from './agent-runner.js';

/** The base of both kinds of agent nodes: it makes an agent from the node's configuration. */
@Injectable()
export abstract class AgentNodeBase<Output> {
  /** Made with `agent({ … })`. */
  abstract readonly agentConfig: Agent<never, Output>;
  #agent: AgentRunner<Output> | undefined;

  /** @param resources finds the agent's tools and prompt files; not needed by an agent that has neither */
  constructor(
    private readonly providers: ModelProviders,
    @Optional() private readonly resources?: AgentResources,
  ) {}

  /** Checks the configuration. The compiler of workflows calls it at start-up. */
  prepare(): void {
    void this.agent;
  }

  /** See `WorkflowNode.forwards`. */
  get forwards(): readonly ParameterGroup[] {
    return this.agent.forwards;
  }

  /** See `WorkflowNode.asks`. */
  get asks(): readonly string[] {
    return this.agent.asks;
  }

  /** See `WorkflowNode.returns`. A subclass that returns something else says so. */
  get returns(): OutputType | undefined {
    return this.agent.returns;
  }

  /**
   * The agent of {@link agentConfig}. Made when it is first used, because a subclass sets its fields after this constructor
   * has run.
   */
  protected get agent(): AgentRunner<Output> {
    return (this.#agent ??= this.#makeRunner());
  }

  #makeRunner(): AgentRunner<Output> {
    const { providers, resources } = this;
    const found = resources && {
      prompts: resources.prompts,
      mcp: resources.mcp,
      findTool: (type: Type<AgentTool>) => resources.tools.find(type, this),
    };
    return new AgentRunner(
      planAgent<Output>((this.agentConfig as Agent<never, Output> | undefined)?.config as AgentData, {
        providers,
        ...found,
      }),
    );
  }
}
