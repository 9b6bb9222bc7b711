import {
  type RunRequest,
  type Flow,
  type Ref,
  type Wiring,
  Workflow,
  WorkflowDefinition,
} from '../../workflow/index.js';
import { ResearchWorkflow } from '../research/research.workflow.js';
import { SimplifyNode } from './simplify.node.js';

/** Another workflow as one step: its answer streams in place, and is then said again. */
@Workflow({ id: 'nested', description: 'The whole of `research` as one step, and its answer again in plain words' })
export class NestedWorkflow extends WorkflowDefinition<RunRequest, string> {
  define(flow: Flow, { messages }: Wiring<RunRequest>): Ref<string> {
    const answer = flow.workflow(ResearchWorkflow, { messages });
    return flow.node(SimplifyNode, { answer });
  }
}
