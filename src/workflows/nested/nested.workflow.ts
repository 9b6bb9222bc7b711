import { agent, type ChatRefs, type Flow, Workflow } from 'millrace';
import { ResearchWorkflow } from '../research/research.workflow.js';

/** Another workflow as one step: its output streams in place, and is then put in plain words. */
@Workflow({ id: 'nested', description: 'The whole of `research` as one step, and its answer again in plain words' })
export class NestedWorkflow {
  readonly simplify = agent({
    instructions: 'Repeat what you are told in plain words that a child of ten understands.',
  });

  define(flow: Flow, { messages }: ChatRefs) {
    const report = flow.workflow(ResearchWorkflow, { messages });
    return flow.stream(this.simplify, { messages: report });
  }
}
