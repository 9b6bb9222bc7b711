import { agent, type ChatRefs, type Flow, Workflow } from 'millrace';

/** One agent that answers the user in plain text. */
@Workflow({ id: 'sample', description: 'Sample' })
export class SampleWorkflow {
  readonly answer = agent({ instructions: 'You are a helpful assistant. Answer the user in plain text.' });

  define(flow: Flow, { messages }: ChatRefs) {
    return flow.stream(this.answer, { messages });
  }
}
