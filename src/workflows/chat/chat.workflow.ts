import {
  type RunRequest,
  type Flow,
  type Ref,
  type Wiring,
  Workflow,
  WorkflowDefinition,
} from '../../workflow/index.js';
import { ChatNode } from './chat.node.js';

/** One node: the model behind it is used as if it were called directly. */
@Workflow({ id: 'chat', description: 'A plain conversation with the model, with all that the client asks for' })
export class ChatWorkflow extends WorkflowDefinition<RunRequest, string> {
  define(flow: Flow, { messages }: Wiring<RunRequest>): Ref<string> {
    return flow.node(ChatNode, { messages });
  }
}
