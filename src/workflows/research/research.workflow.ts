import { IsString } from 'class-validator';
import { agent, type ChatRefs, Describe, type Flow, Workflow } from 'millrace';

/** A question taken apart. */
class ResearchPlan {
  @IsString()
  @Describe('The question that must be answered first')
  readonly basics: string;

  @IsString()
  @Describe('A question for what speaks in favour')
  readonly benefits: string;

  @IsString()
  @Describe('A question for what speaks against, or can go wrong')
  readonly risks: string;
}

/** What the answer is made of. */
interface Findings {
  readonly basics: string;
  readonly benefits: string;
  readonly risks: string;
}

/** A plan, three silent calls in parallel, and an answer that waits for all of them. */
@Workflow({
  id: 'research',
  description: 'Takes a question apart, looks into three parts at once, and joins the findings',
})
export class ResearchWorkflow {
  readonly plan = agent({
    instructions: "Take the user's question apart into three short questions that can be answered independently.",
    output: ResearchPlan,
  });
  readonly investigate = agent({ instructions: 'Answer the question with facts, in a few sentences.' });
  readonly synthesize = agent({
    instructions: ({ basics, benefits, risks }: Findings) =>
      `Answer the user's question from the findings below. Say where they leave something open.

Findings.
Basics: ${basics}
In favour: ${benefits}
Against: ${risks}`,
  });

  define(flow: Flow, { messages }: ChatRefs) {
    const plan = flow.ask(this.plan, { messages });
    const basics = flow.ask(this.investigate, { messages: plan.get('basics') }, { key: 'basics' });
    const benefits = flow.ask(this.investigate, { messages: plan.get('benefits') }, { key: 'benefits' });
    const risks = flow.ask(
      this.investigate,
      { messages: plan.get('risks') },
      // Two findings are enough for an answer; this text stands for a missing one.
      { key: 'risks', onError: () => 'This could not be looked into.' },
    );
    return flow.stream(this.synthesize, { messages, basics, benefits, risks });
  }
}
