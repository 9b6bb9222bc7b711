import { IsIn } from 'class-validator';
import { agent, type ChatRefs, Describe, type Flow, Workflow } from 'millrace';

class Topic {
  @IsIn(['billing', 'other'])
  @Describe('What the newest message of the user is about')
  readonly topic!: 'billing' | 'other';
}

/**
 * A silent agent classifies the message, and a route decides which branch answers. A branch that is missing does not
 * compile.
 */
@Workflow({ id: 'sample', description: 'Sample' })
export class SampleWorkflow {
  readonly classify = agent({ instructions: 'Say what the newest message of the user is about.', output: Topic });
  readonly answer = agent({ instructions: 'You are a helpful assistant. Answer the user in plain text.' });

  define(flow: Flow, { messages }: ChatRefs) {
    const topic = flow.ask(this.classify, { messages });
    return flow.route(topic.get('topic'), {
      billing: (branch) => branch.run('notice', {}, () => 'Thank you. Our accounting answers within two days.'),
      other: (branch) => branch.stream(this.answer, { messages }),
    });
  }
}
