import {
  type RunRequest,
  type Flow,
  type Ref,
  type Wiring,
  Workflow,
  WorkflowDefinition,
} from '../../workflow/index.js';
import type { ReplyDto } from './reply.dto.js';
import { StructuredStreamingNode } from './structured-streaming.node.js';
import { TextStreamingNode } from './text-streaming.node.js';

/** Two nodes that both speak: the second is given what the first has said. */
@Workflow({
  id: 'streaming',
  aliases: [{ id: 'default', streamByDefault: true }],
  description: 'Plain text, then a structured reply that thinks it over',
})
export class StreamingWorkflow extends WorkflowDefinition<RunRequest, ReplyDto> {
  define(flow: Flow, { messages }: Wiring<RunRequest>): Ref<ReplyDto> {
    const draft = flow.node(TextStreamingNode, { messages });
    return flow.node(StructuredStreamingNode, { messages, draft });
  }
}
