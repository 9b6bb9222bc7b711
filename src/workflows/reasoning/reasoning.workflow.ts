import { IsString } from 'class-validator';
import { agent, type ChatRefs, Describe, type Flow, Workflow } from 'millrace';

/** An answer with the thoughts that led to it. */
class ConsideredReply {
  @IsString()
  @Describe('The thoughts that lead to the answer, step by step')
  readonly thinking: string;

  @IsString()
  @Describe('The answer to the user, without the thoughts')
  readonly reply: string;
}

/**
 * Gives any model a visible train of thought: the fields of one structured output are shown where chat clients show thoughts
 * and answers.
 */
@Workflow({ id: 'reasoning', description: 'Thoughts in the reasoning channel, then the answer' })
export class ReasoningWorkflow {
  readonly consider = agent({
    instructions: 'You are a thoughtful assistant. Think before you answer.',
    output: ConsideredReply,
  });

  define(flow: Flow, { messages }: ChatRefs) {
    return flow.stream(this.consider, { messages }, { thinking: 'reasoning', reply: 'content' });
  }
}
