import { Injectable } from '@nestjs/common';
import { agent, AgentStreamingNode, type Deltas, type Message, type TaskContext } from 'millrace';

/** Answers in plain text, word by word. */
@Injectable()
export class TextStreamingNode extends AgentStreamingNode<{ messages: readonly Message[] }, string> {
  readonly agentConfig = agent({
    instructions: 'You are a helpful assistant. Answer the user in plain text, without Markdown.',
  });

  async *process(
    { messages }: { messages: readonly Message[] },
    context: TaskContext,
  ): AsyncGenerator<Deltas, string, void> {
    return yield* this.streamTextDeltas(this.agent.runStream({ messages }, context));
  }
}
