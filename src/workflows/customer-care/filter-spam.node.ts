import { Injectable } from '@nestjs/common';
import { type Message, ModelProvider } from '../../models/index.js';
import { agent, AgentNode } from '../../nodes/index.js';
import type { TaskContext } from '../../workflow/index.js';
import { SpamDto } from './spam.dto.js';

/** Finds out whether somebody wants something at all. */
@Injectable()
export class FilterSpamNode extends AgentNode<{ messages: readonly Message[] }, SpamDto> {
  readonly agentConfig = agent({
    modelProvider: ModelProvider.OPENAI,
    outputType: SpamDto,
    instructions: 'You keep spam away from a customer service. Say whether this message is spam.',
    retries: 1,
  });

  process(input: { messages: readonly Message[] }, context: TaskContext): Promise<SpamDto> {
    return this.agent.run(input, context);
  }
}
