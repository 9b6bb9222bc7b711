import { Injectable } from '@nestjs/common';
import { type Message, ModelProvider } from '../../models/index.js';
import { agent, AgentNode } from '../../nodes/index.js';
import type { TaskContext } from '../../workflow/index.js';
import { ResearchPlanDto } from './research-plan.dto.js';

/** Takes the user's question apart into three that can be answered at the same time. */
@Injectable()
export class PlanNode extends AgentNode<{ messages: readonly Message[] }, ResearchPlanDto> {
  readonly agentConfig = agent({
    modelProvider: ModelProvider.OPENAI,
    outputType: ResearchPlanDto,
    instructions: "Take the user's question apart into three short questions that can be answered independently.",
  });

  process(input: { messages: readonly Message[] }, context: TaskContext): Promise<ResearchPlanDto> {
    return this.agent.run(input, context);
  }
}
