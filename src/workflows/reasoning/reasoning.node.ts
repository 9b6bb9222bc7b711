import { Injectable } from '@nestjs/common';
import { type Message, ModelProvider } from '../../models/index.js';
import { agent, AgentStreamingNode } from '../../nodes/index.js';
import type { Deltas, TaskContext } from '../../workflow/index.js';
import { ConsideredReplyDto } from './considered-reply.dto.js';

/** Gives any model a visible train of thought: its two fields stream in the channels for reasoning and content. */
@Injectable()
export class ReasoningNode extends AgentStreamingNode<{ messages: readonly Message[] }, ConsideredReplyDto> {
  readonly agentConfig = agent({
    modelProvider: ModelProvider.OPENAI,
    outputType: ConsideredReplyDto,
    instructions: 'You are a thoughtful assistant. Think before you answer.',
  });

  async *process(
    { messages }: { messages: readonly Message[] },
    context: TaskContext,
  ): AsyncGenerator<Deltas, ConsideredReplyDto, void> {
    const stream = this.agent.runStream({ messages }, context);
    return yield* this.streamStructuredDeltas(stream, { thinking: 'reasoning', reply: 'content' });
  }
}
