import { Injectable } from '@nestjs/common';
import { type Message, ModelProvider } from '../../models/index.js';
import { agent, AgentStreamingNode } from '../../nodes/index.js';
import type { Deltas, TaskContext } from '../../workflow/index.js';

/** What the synthesis is made of. */
export interface SynthesizeInput {
  readonly messages: readonly Message[];
  readonly basics: string;
  readonly benefits: string;
  readonly risks: string;
}

/** Writes one answer from the findings; its text streams to the client. */
@Injectable()
export class SynthesizeNode extends AgentStreamingNode<SynthesizeInput, string> {
  readonly agentConfig = agent({
    modelProvider: ModelProvider.OPENAI,
    outputType: String,
    instructions: "Answer the user's question from the findings below. Say where they leave something open.",
  });

  async *process(
    { messages, basics, benefits, risks }: SynthesizeInput,
    context: TaskContext,
  ): AsyncGenerator<Deltas, string, void> {
    const findings: Message = {
      role: 'system',
      content: `Findings.\nBasics: ${basics}\nIn favour: ${benefits}\nAgainst: ${risks}`,
    };
    return yield* this.streamTextDeltas(this.agent.runStream({ messages: [findings, ...messages] }, context));
  }
}
