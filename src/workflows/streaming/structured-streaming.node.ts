import { Injectable } from '@nestjs/common';
import { agent, AgentStreamingNode, type Deltas, type Message, type TaskContext } from 'millrace';
import { ReplyDto } from './reply.dto.js';

/** What the node needs: the conversation, and a first answer to think about. */
interface StructuredStreamingInput {
  readonly messages: readonly Message[];
  readonly draft: string;
}

/** Thinks the first answer over and gives a structured one, whose JSON text streams as it is generated. */
@Injectable()
export class StructuredStreamingNode extends AgentStreamingNode<StructuredStreamingInput, ReplyDto> {
  readonly agentConfig = agent({
    output: ReplyDto,
    instructions:
      'You are a careful assistant. A first answer to the user was drafted; think it over, then give a better one.',
  });

  async *process(
    { messages, draft }: StructuredStreamingInput,
    context: TaskContext,
  ): AsyncGenerator<Deltas, ReplyDto, void> {
    const drafted: Message = { role: 'system', content: `The draft:\n${draft}` };
    return yield* this.streamStructuredDeltas(this.agent.runStream({ messages: [drafted, ...messages] }, context));
  }
}
