import { agent, type ChatRefs, type Flow, Workflow } from 'millrace';

/** Two silent agents, which run in parallel because they are independent, and one that combines their findings. */
@Workflow({ id: 'sample', description: 'Sample' })
export class SampleWorkflow {
  readonly benefits = agent({ instructions: 'Say in a few sentences what speaks for the plan of the user.' });
  readonly risks = agent({ instructions: 'Say in a few sentences what speaks against the plan of the user.' });
  readonly advise = agent({
    instructions: ({ benefits, risks }: { benefits: string; risks: string }) =>
      `Advise the user.\nIn favour: ${benefits}\nAgainst: ${risks}`,
  });

  define(flow: Flow, { messages }: ChatRefs) {
    const benefits = flow.ask(this.benefits, { messages });
    const risks = flow.ask(this.risks, { messages });
    return flow.stream(this.advise, { messages, benefits, risks });
  }
}
