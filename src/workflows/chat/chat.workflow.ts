import { agent, type ChatRefs, type Flow, Workflow } from 'millrace';

/** One agent: the model behind it is used as if it were called directly. */
@Workflow({ id: 'chat', description: 'A plain conversation with the model, with all that the client asks for' })
export class ChatWorkflow {
  readonly answer = agent({ forward: ['sampling', 'tools', 'response_format', 'logprobs', 'modalities'] });

  define(flow: Flow, { messages }: ChatRefs) {
    return flow.stream(this.answer, { messages });
  }
}
