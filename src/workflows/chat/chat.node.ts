import { Injectable } from '@nestjs/common';
import { type Message, ModelProvider } from '../../models/index.js';
import { agent, AgentStreamingNode } from '../../nodes/index.js';
import type { Deltas, TaskContext } from '../../workflow/index.js';

/** Hands the conversation and everything the client asks for to the model, and its answer back. */
@Injectable()
export class ChatNode extends AgentStreamingNode<{ messages: readonly Message[] }, string> {
  readonly agentConfig = agent({
    modelProvider: ModelProvider.OPENAI,
    outputType: String,
    forward: ['sampling', 'tools', 'response_format', 'logprobs', 'modalities'],
  });

  async *process(
    { messages }: { messages: readonly Message[] },
    context: TaskContext,
  ): AsyncGenerator<Deltas, string, void> {
    return yield* this.streamTextDeltas(this.agent.runStream({ messages }, context));
  }
}
