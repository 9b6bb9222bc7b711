import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { IsBoolean, IsIn } from 'class-validator';
import { agent, AgentTool, type ChatRefs, type Flow, type Message, UpstreamError, Workflow } from 'millrace';
import { type FakeOutput, fakeModel, fakeModelBySteps, reasoning, runWorkflow, toolCall } from 'millrace/testing';

class Topic {
  @IsIn(['billing', 'technical'])
  readonly topic: 'billing' | 'technical';
  @IsBoolean()
  readonly urgent: boolean;
}

@Injectable()
class ArticleService {
  find(topic: string): readonly string[] {
    return [`About ${topic}.`];
  }
}

@Injectable()
class ClockTool extends AgentTool<void, string> {
  readonly name = 'clock';
  readonly description = 'Tells the time';
  readonly argsType = undefined;
  execute(): string {
    return 'noon';
  }
}

@Workflow({ id: 'support', description: 'Sorts a message, looks something up, and answers' })
class SupportWorkflow {
  readonly topic = agent({ instructions: 'Say what the newest message is about.', output: Topic });
  readonly answer = agent({
    instructions: ({ articles }: { articles: readonly string[] }) => `Answer from these: ${articles.join('\n')}`,
    tools: [ClockTool],
  });

  constructor(private readonly articles: ArticleService) {}

  define(flow: Flow, { messages }: ChatRefs) {
    const topic = flow.ask(this.topic, { messages });
    const articles = flow.run('look-up', { topic }, ({ topic: { topic } }) => this.articles.find(topic));
    return flow.stream(this.answer, { messages, articles });
  }
}

const providers = [ArticleService];
const TOPIC = { topic: 'billing', urgent: false } as const;

describe('runWorkflow', () => {
  it('runs the real agents and tells what they were asked and what came of it', async () => {
    const models = fakeModel(TOPIC, 'We are sorry.');
    const run = await runWorkflow(SupportWorkflow, 'Hi', { models, providers });
    expect(run).toMatchObject({ text: 'We are sorry.', result: 'We are sorry.', finishReason: 'stop' });
    expect(run.steps).toEqual([
      { key: 'topic', visible: false, text: '', output: TOPIC, branch: undefined },
      { key: 'look-up', visible: false, text: '', output: ['About billing.'], branch: undefined },
      { key: 'answer', visible: true, text: 'We are sorry.', output: 'We are sorry.', branch: undefined },
    ]);
    expect(run.calls).toMatchObject([
      { step: 'topic', parameters: { response_format: { type: 'json_schema' } } },
      {
        step: 'answer',
        messages: [
          { role: 'system', content: 'Answer from these: About billing.' },
          { role: 'user', content: 'Hi' },
        ],
      },
    ]);
    expect(run.calls).toEqual(models.calls);
    expect(run.events.at(-1)).toMatchObject({ type: 'run-finished' });
  });

  it('takes a conversation or a whole request, and stand-ins for services', async () => {
    const messages: Message[] = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello!' },
      { role: 'user', content: 'And now?' },
    ];
    const articles = { provide: ArticleService, useValue: { find: () => ['Nothing.'] } };
    for (const input of [messages, { messages, parameters: { temperature: 0.3 } }]) {
      const run = await runWorkflow(SupportWorkflow, input, {
        models: fakeModel(TOPIC, 'Bye.'),
        providers: [...providers, articles],
      });
      expect(run.calls[1]?.messages.slice(1)).toEqual(messages);
      expect(run.steps[1]?.output).toEqual(['Nothing.']);
    }
  });

  it('runs tools, and gives text in the pieces of the fake', async () => {
    const outputs = [TOPIC, [reasoning('Hm.'), toolCall('clock')], ['It is ', 'noon.']] as const;
    const run = await runWorkflow(SupportWorkflow, 'When?', { models: fakeModel(...outputs), providers });
    expect([run.text, run.reasoning]).toEqual(['It is noon.', 'Hm.']);
    expect(run.calls[2]?.messages.at(-1)).toMatchObject({ role: 'tool', content: 'noon' });
    const deltas = run.events.flatMap((event) => (event.type === 'delta' ? [event.delta] : []));
    expect(deltas).toEqual([
      { type: 'reasoning', text: 'Hm.' },
      { type: 'content', text: 'It is ' },
      { type: 'content', text: 'noon.' },
    ]);
  });

  it('answers by step, by a function, or by provider', async () => {
    const bySteps = fakeModelBySteps({ topic: TOPIC, answer: fakeModel('One.', 'Two.') });
    for (const text of ['One.', 'Two.']) {
      expect((await runWorkflow(SupportWorkflow, 'Hi', { models: bySteps, providers })).text).toBe(text);
    }
    expect(bySteps.calls).toHaveLength(4);
    const byCall = fakeModel(({ step, messages }) => (step === 'topic' ? TOPIC : `${messages.length} messages`));
    expect((await runWorkflow(SupportWorkflow, 'Hi', { models: byCall, providers })).text).toBe('2 messages');
    const byProvider = { openai: fakeModel(TOPIC, 'Hello.') };
    expect((await runWorkflow(SupportWorkflow, 'Hi', { models: byProvider, providers })).calls).toHaveLength(2);
  });

  it('rejects with the error of the run, whether a model, an author or the fake has thrown it', async () => {
    const runFailing = (...outputs: FakeOutput[]) =>
      runWorkflow(SupportWorkflow, 'Hi', { models: fakeModel(...outputs), providers });
    const limit = new UpstreamError('Too many', { status: 429, code: 'rate_limit_exceeded' });
    await expect(runFailing(limit)).rejects.toBe(limit);
    await expect(runFailing({ topic: 'weather' }, { topic: 'weather' })).rejects.toMatchObject({
      code: 'invalid_structured_output',
    });
    await expect(runFailing(TOPIC)).rejects.toThrow(
      'The fake model has 1 output, and the step "answer" (last message, of the user: Hi) asks for one more',
    );
    const broken = {
      provide: ArticleService,
      useValue: {
        find: () => {
          throw new RangeError('no such shelf');
        },
      },
    };
    const run = runWorkflow(SupportWorkflow, 'Hi', { models: fakeModel(TOPIC), providers: [...providers, broken] });
    await expect(run).rejects.toThrow(new RangeError('no such shelf'));
  });

  it('reports unused answers', async () => {
    const models = fakeModel(TOPIC, 'We are sorry.', 'One too many.');
    const run = await runWorkflow(SupportWorkflow, 'Hi', { models, providers });
    expect(run.unused).toEqual(['One too many.']);
    expect(models.unused).toEqual(['One too many.']);
    const bySteps = fakeModelBySteps({ topic: TOPIC, answer: fakeModel('One.', 'Two.'), anser: 'misspelt' });
    expect((await runWorkflow(SupportWorkflow, 'Hi', { models: bySteps, providers })).unused).toEqual([
      'Two.',
      'misspelt',
    ]);
    const all = await runWorkflow(SupportWorkflow, 'Hi', { models: fakeModel(TOPIC, 'We are sorry.'), providers });
    expect(all.unused).toEqual([]);
  });

  it('gives onError the error of a step, whether its code or a model failed', async () => {
    const given: unknown[] = [];
    const onError = (error: Error): string => {
      given.push(error);
      return error.message;
    };
    const missing = new RangeError('no such shelf');
    @Workflow({ id: 'careful', description: 'Goes on' })
    class CarefulWorkflow {
      readonly answer = agent({});
      define(flow: Flow, { messages }: ChatRefs) {
        const shelf = flow.run(
          'shelf',
          {},
          (): string => {
            throw missing;
          },
          { onError },
        );
        const text = flow.run(
          'text',
          {},
          (): string => {
            throw 'a text';
          },
          { onError },
        ); // eslint-disable-line
        const answer = flow.ask(this.answer, { messages }, { onError });
        return flow.run('join', { shelf, text, answer }, (values) => Object.values(values));
      }
    }
    const busy = new UpstreamError('Busy', { status: 429 });
    const { result } = await runWorkflow(CarefulWorkflow, 'Hi', { models: fakeModel(busy) });
    expect(result).toEqual(['no such shelf', 'a text', 'Busy']);
    expect(given).toContain(missing);
    expect(given).toContain(busy);
  });

  it('says what is missing: models, providers, the decorator', async () => {
    for (const models of [{}, { anthropic: fakeModel(TOPIC) }]) {
      await expect(runWorkflow(SupportWorkflow, 'Hi', { models, providers })).rejects.toThrow(
        'The step "topic" asks a model of openai, and the test gives none. Give runWorkflow() one: { models: fakeModel(\'…\') }.',
      );
    }
    await expect(runWorkflow(SupportWorkflow, 'Hi', { models: fakeModel('Hi') })).rejects.toThrow(/ArticleService/);
    class Plain {}
    await expect(runWorkflow(Plain, 'Hi')).rejects.toThrow('Plain is not a workflow. Give it the decorator @Workflow.');
  });

  it('ends a run whose client leaves', async () => {
    const controller = new AbortController();
    const models = fakeModel(() => {
      controller.abort();
      return 'too late';
    });
    const run = runWorkflow(SupportWorkflow, 'Hi', { models, providers, signal: controller.signal });
    await expect(run).rejects.toMatchObject({
      abortCause: 'client_disconnected',
      message: 'The client closed the connection, or the signal of the run was aborted.',
    });
    expect(models.calls).toHaveLength(1);
  });
});
