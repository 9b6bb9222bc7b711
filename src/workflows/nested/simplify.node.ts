import { Injectable } from '@nestjs/common';
import { ModelProvider } from '../../models/index.js';
import { agent, AgentStreamingNode } from '../../nodes/index.js';
import type { Deltas, TaskContext } from '../../workflow/index.js';

/** Says an answer again in plain words. */
@Injectable()
export class SimplifyNode extends AgentStreamingNode<{ answer: string }, string> {
  readonly agentConfig = agent({
    modelProvider: ModelProvider.OPENAI,
    outputType: String,
    instructions: 'Repeat what you are told in plain words that a child of ten understands.',
  });

  async *process({ answer }: { answer: string }, context: TaskContext): AsyncGenerator<Deltas, string, void> {
    const messages = [{ role: 'user' as const, content: answer }];
    return yield* this.streamTextDeltas(this.agent.runStream({ messages }, context));
  }
}
