import { IsString } from 'class-validator';
import { agent, type ChatRefs, Describe, type Flow, Workflow } from 'millrace';

class Reply {
  @IsString()
  @Describe('What speaks for and against the answer, in a few sentences')
  readonly thinking!: string;

  @IsString()
  @Describe('The answer to the user')
  readonly reply!: string;
}

/** One agent whose output is checked against a class. Clients read its fields as reasoning and as content, as they come. */
@Workflow({ id: 'sample', description: 'Sample' })
export class SampleWorkflow {
  readonly answer = agent({ instructions: 'Think the question of the user over, then answer it.', output: Reply });

  define(flow: Flow, { messages }: ChatRefs) {
    return flow.stream(this.answer, { messages }, { thinking: 'reasoning', reply: 'content' });
  }
}
