import { Injectable } from '@nestjs/common';
import { type Message, ModelProvider } from '../../models/index.js';
import { agent, AgentStreamingNode } from '../../nodes/index.js';
import type { Deltas, TaskContext } from '../../workflow/index.js';

/** Answers in plain text, word by word. */
@Injectable()
export class TextStreamingNode extends AgentStreamingNode<{ messages: readonly Message[] }, string> {
  readonly agentConfig = agent({
    modelProvider: ModelProvider.OPENAI,
    outputType: String,
    instructions: 'You are a helpful assistant. Answer the user in plain text, without Markdown.',
  });

  async *process(
    { messages }: { messages: readonly Message[] },
    context: TaskContext,
  ): AsyncGenerator<Deltas, string, void> {
    return yield* this.streamTextDeltas(this.agent.runStream({ messages }, context));
  }
}
