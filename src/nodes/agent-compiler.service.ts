import { Injectable } from '@nestjs/common';
import { ModelProviders } from '../models/index.js';
import { type AgentCompiler, type AgentData, type AgentUse, type WorkflowNode } from '../workflow/index.js';
import { planAgent } from './agent-plan.js';
import { AgentRunner } from './agent-runner.js';
import { PromptManager } from './prompts/index.js';
import { streamFields } from './stream-fields.js';
import { McpServers } from './tools/index.js';

/** Makes runnable nodes of the agents in the fields of workflows. */
@Injectable()
export class AgentStepCompiler implements AgentCompiler {
  constructor(
    private readonly providers: ModelProviders,
    private readonly prompts: PromptManager,
    private readonly mcp: McpServers,
  ) {}

  compile(agent: AgentData, { visible, channels, variables, findTool }: AgentUse): WorkflowNode {
    const { providers, prompts, mcp } = this;
    const runner = new AgentRunner<unknown>(planAgent(agent, { providers, prompts, mcp, findTool, variables }));
    if (channels !== undefined) runner.assertChannels(channels);
    const { forwards, asks, returns } = runner;
    if (!visible) return { forwards, asks, returns, process: (input, context) => runner.run(input, context) };
    if (channels === undefined) {
      return { forwards, asks, returns, process: (input, context) => runner.runStream(input, context).withOutput() };
    }
    return {
      forwards,
      asks,
      returns,
      process: (input, context) => streamFields(runner.runStream(input, context), channels),
    };
  }
}
