import {
  type RunRequest,
  type Flow,
  type Ref,
  type Wiring,
  Workflow,
  WorkflowDefinition,
} from '../../workflow/index.js';
import { InvestigateNode } from './investigate.node.js';
import { PlanNode } from './plan.node.js';
import { SynthesizeNode } from './synthesize.node.js';

/** A plan, three silent calls in parallel, and an answer that waits for all of them. */
@Workflow({
  id: 'research',
  description: 'Takes a question apart, looks into three parts at once, and joins the findings',
})
export class ResearchWorkflow extends WorkflowDefinition<RunRequest, string> {
  define(flow: Flow, { messages }: Wiring<RunRequest>): Ref<string> {
    const plan = flow.node(PlanNode, { messages });
    const basics = flow.node(InvestigateNode, { question: plan.get('basics') }, { key: 'basics' });
    const benefits = flow.node(InvestigateNode, { question: plan.get('benefits') }, { key: 'benefits' });
    const risks = flow.node(
      InvestigateNode,
      { question: plan.get('risks') },
      // Two findings still make an answer; one that is missing is said to be.
      { key: 'risks', onError: () => 'This could not be looked into.' },
    );
    return flow.node(SynthesizeNode, { messages, basics, benefits, risks });
  }
}
