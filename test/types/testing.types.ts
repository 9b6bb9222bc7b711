/** Values that tests of workflows may pass to `millrace/testing`, and others that they may not. Checked by `npm run typecheck`; it never runs. */
import { agent, type ChatRefs, type Flow, Workflow } from 'millrace';
import { fakeModel, fakeModelBySteps, reasoning, runWorkflow, toolCall } from 'millrace/testing';
import { expectTypeOf } from 'expect-type';

class Topic {
  readonly topic: 'billing' | 'other';
}

@Workflow({ id: 'topics', description: 'Says what a message is about' })
class TopicWorkflow {
  readonly topic = agent({ output: Topic });
  define(flow: Flow, { messages }: ChatRefs) {
    return flow.ask(this.topic, { messages });
  }
}

const run = await runWorkflow(TopicWorkflow, 'Hi', { models: { openai: fakeModel({ topic: 'other' }) } });
expectTypeOf(run.result).toEqualTypeOf<Topic>();
expectTypeOf(run.text).toEqualTypeOf<string>();

fakeModel('a', ['b', reasoning('c'), toolCall('d', { e: 1 })], { f: [1] }, new Error('g'));
fakeModel(({ step }) => (step === 'topic' ? { topic: 'billing' } : 'Hello'));
fakeModelBySteps({ topic: { topic: 'billing' }, answer: fakeModel('One.', 'Two.') });

// @ts-expect-error a number is not an output
fakeModel(1);
// @ts-expect-error no such provider
void runWorkflow(TopicWorkflow, 'Hi', { models: { acme: fakeModel('Hi') } });
// @ts-expect-error the input is missing
void runWorkflow(TopicWorkflow, { parameters: {} });
