import {
  type RunRequest,
  type Flow,
  type Ref,
  type Wiring,
  Workflow,
  WorkflowDefinition,
} from '../../workflow/index.js';
import type { ConsideredReplyDto } from './considered-reply.dto.js';
import { ReasoningNode } from './reasoning.node.js';

/** One structured node whose fields are shown where chat clients show thoughts and answers. */
@Workflow({ id: 'reasoning', description: 'Thoughts in the reasoning channel, then the answer' })
export class ReasoningWorkflow extends WorkflowDefinition<RunRequest, ConsideredReplyDto> {
  define(flow: Flow, { messages }: Wiring<RunRequest>): Ref<ConsideredReplyDto> {
    return flow.node(ReasoningNode, { messages });
  }
}
