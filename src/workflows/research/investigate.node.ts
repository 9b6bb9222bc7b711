import { Injectable } from '@nestjs/common';
import { ModelProvider } from '../../models/index.js';
import { agent, AgentNode } from '../../nodes/index.js';
import type { TaskContext } from '../../workflow/index.js';

/** Answers one question of the plan, silently. */
@Injectable()
export class InvestigateNode extends AgentNode<{ question: string }, string> {
  readonly agentConfig = agent({
    modelProvider: ModelProvider.OPENAI,
    outputType: String,
    instructions: 'Answer the question with facts, in a few sentences.',
  });

  process({ question }: { question: string }, context: TaskContext): Promise<string> {
    context.progress(question);
    return this.agent.run({ messages: [{ role: 'user', content: question }] }, context);
  }
}
