import {
  type RunRequest,
  type Flow,
  type Ref,
  type Wiring,
  Workflow,
  WorkflowDefinition,
} from '../../workflow/index.js';
import { ClassifyNode } from './classify.node.js';
import { DecideNode } from './decide.node.js';
import { FilterSpamNode } from './filter-spam.node.js';
import { NoticeNode } from './notice.node.js';
import { ReplyNode } from './reply.node.js';

/** Two silent calls at the same time, a decision by code, and one of four ways to go on. */
@Workflow({ id: 'customer-care', description: 'Sorts a ticket, and closes, hands over or answers it' })
export class CustomerCareWorkflow extends WorkflowDefinition<RunRequest, string> {
  define(flow: Flow, { messages }: Wiring<RunRequest>): Ref<string> {
    const intent = flow.node(ClassifyNode, { messages });
    const filter = flow.node(FilterSpamNode, { messages });
    const decision = flow.node(DecideNode, { intent, filter });
    return flow.route(decision, {
      close: (branch) => branch.node(NoticeNode, { decision: 'close' }),
      escalate: (branch) => branch.node(NoticeNode, { decision: 'escalate' }),
      invoice: (branch) => branch.node(NoticeNode, { decision: 'invoice' }),
      reply: (branch) => branch.node(ReplyNode, { messages, intent }),
    });
  }
}
