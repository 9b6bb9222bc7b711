import { type ChatRefs, type Flow, Workflow } from 'millrace';
import { StructuredStreamingNode } from './structured-streaming.node.js';
import { TextStreamingNode } from './text-streaming.node.js';

/** Two nodes that are both visible: the second gets the output of the first. */
@Workflow({
  id: 'streaming',
  aliases: [{ id: 'default', streamByDefault: true }],
  description: 'Plain text, then a structured reply that thinks it over',
})
export class StreamingWorkflow {
  define(flow: Flow, { messages }: ChatRefs) {
    const draft = flow.node(TextStreamingNode, { messages });
    return flow.node(StructuredStreamingNode, { messages, draft });
  }
}
