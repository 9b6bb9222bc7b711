import { Injectable } from '@nestjs/common';
import { type Message, ModelProvider } from '../../models/index.js';
import { agent, AgentNode } from '../../nodes/index.js';
import type { TaskContext } from '../../workflow/index.js';
import { IntentDto } from './intent.dto.js';

/** Finds out what the customer wants. */
@Injectable()
export class ClassifyNode extends AgentNode<{ messages: readonly Message[] }, IntentDto> {
  readonly agentConfig = agent({
    modelProvider: ModelProvider.OPENAI,
    outputType: IntentDto,
    instructions: 'You sort the tickets of a customer service. Say what the customer of this message wants.',
    retries: 1,
  });

  process(input: { messages: readonly Message[] }, context: TaskContext): Promise<IntentDto> {
    return this.agent.run(input, context);
  }
}
