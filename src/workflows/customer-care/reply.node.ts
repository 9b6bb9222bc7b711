import { Injectable } from '@nestjs/common';
import { type Message, ModelProvider } from '../../models/index.js';
import { agent, AgentStreamingNode, promptFile } from '../../nodes/index.js';
import type { Deltas, TaskContext } from '../../workflow/index.js';
import type { IntentDto } from './intent.dto.js';

/** What the answer is made of. */
export interface ReplyInput {
  readonly messages: readonly Message[];
  readonly intent: IntentDto;
}

/** Writes the answer, by a prompt file that knows what the customer wants. */
@Injectable()
export class ReplyNode extends AgentStreamingNode<ReplyInput, string> {
  readonly agentConfig = agent({
    modelProvider: ModelProvider.OPENAI,
    outputType: String,
    instructions: promptFile('./prompts/reply.md', import.meta.url),
  });

  async *process({ messages, intent }: ReplyInput, context: TaskContext): AsyncGenerator<Deltas, string, void> {
    const variables = { intent: intent.intent, reasoning: intent.reasoning };
    return yield* this.streamTextDeltas(this.agent.runStream({ messages, variables }, context));
  }
}
