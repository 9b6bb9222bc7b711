import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module, type Type } from '@nestjs/common';
import { IsBoolean, IsIn } from 'class-validator';
import {
  agent,
  AgentTool,
  type ChatRefs,
  type Deltas,
  Describe,
  type Flow,
  type Message,
  type TaskContext,
  Workflow,
} from 'millrace';
import { z } from 'zod';
import { Bench, makeWorkflowsModule } from '../support/bench.js';
import { assertCompletion, readContent, readReasoning } from '../support/checks.js';
import { HELLO, openStream, postJson } from '../support/client.js';
import { httpError, scriptCompletion, scriptStream, scriptToolCalls } from '../support/upstream/index.js';

class Topic {
  @IsIn(['billing', 'technical', 'other'])
  @Describe('What the newest message is about')
  readonly topic: 'billing' | 'technical' | 'other';

  @IsBoolean()
  @Describe('Whether the user cannot go on until it is solved')
  readonly urgent: boolean;
}

@Injectable()
class ArticleService {
  find(topic: string): readonly string[] {
    return [`All about ${topic}.`];
  }
}

@Workflow({ id: 'support', description: 'Finds out what a message is about, looks it up, and answers' })
class SupportWorkflow {
  readonly topic = agent({ instructions: 'Say what the newest message of the user is about.', output: Topic });
  readonly answer = agent({
    instructions: ({ articles }: { articles: readonly string[] }) =>
      `You are the support desk of a small shop.\n${articles.join('\n')}`,
  });

  constructor(private readonly articles: ArticleService) {}

  define(flow: Flow, { messages }: ChatRefs) {
    const topic = flow.ask(this.topic, { messages });
    const articles = flow.run('look-up', { topic }, ({ topic: { topic } }) => this.articles.find(topic));
    return flow.stream(this.answer, { messages, articles });
  }
}

@Module({ providers: [SupportWorkflow, ArticleService] })
class SupportModule {}

const Thought = z.object({ thinking: z.string(), reply: z.string(), score: z.number().transform((n) => n * 2) });

const CityArgs = z.object({ city: z.string().describe('Its name') });

class WeatherTool extends AgentTool<z.infer<typeof CityArgs>> {
  readonly name = 'weather';
  readonly description = 'Tells the weather';
  readonly argsType = CityArgs;
  execute({ city }: z.infer<typeof CityArgs>): string {
    return `rain in ${city}`;
  }
}

/** A node without a base class, which no module provides. */
class TickerNode {
  async *process({ words }: { words: readonly string[] }): AsyncGenerator<Deltas, number, void> {
    for (const text of words) yield { type: 'content', text };
    await Promise.resolve();
    return words.length;
  }
}

@Workflow({ id: 'thoughtful', description: 'Fields in channels, a schema, and a tool with one' })
class ThoughtfulWorkflow {
  readonly think = agent({ output: Thought, tools: [WeatherTool] });

  define(flow: Flow, { messages }: ChatRefs) {
    const thought = flow.stream(this.think, { messages }, { thinking: 'reasoning', reply: 'content' });
    const words = thought.map(({ score }) => ['score ', String(score)]);
    const silent = flow.node(TickerNode, { words: ['never', 'seen'] }, { key: 'unheard', silent: true });
    const count = flow.node(TickerNode, { words });
    return flow.run('sum', { silent, count }, ({ silent: a, count: b }) => a + b);
  }
}

@Workflow({ id: 'chain', description: 'A question made by a step, asked of a second model when the first fails' })
class ChainWorkflow {
  readonly question = agent({ instructions: 'Ask one question.', model: ['openai/large', 'openai/small'] });
  readonly answer = agent({
    instructions: async ({ messages }: { messages: readonly Message[] }, { request }: TaskContext) =>
      Promise.resolve(`${request.model} has ${messages.length} messages`),
  });

  define(flow: Flow, { messages }: ChatRefs) {
    const question = flow.ask(this.question, { messages });
    const asked = question.map((content): readonly Message[] => [{ role: 'user', content }]);
    const first = flow.ask(this.answer, { messages: asked });
    return flow.stream(this.question, { messages: first }, { key: 'again' });
  }
}

describe('A workflow with agents in its fields', () => {
  let bench: Bench | undefined;
  afterEach(async () => {
    await bench?.close();
    bench = undefined;
  });
  const start = async (module: Type<unknown>): Promise<Bench> => (bench = await Bench.start({ imports: [module] }));
  const stream = async (model: string) => {
    const { app } = bench as Bench;
    const stream = await openStream(app.chatUrl, { model, stream: true, messages: HELLO });
    return stream.collect();
  };

  it('asks in silence, runs code, and streams, with steps called by the names of the fields', async () => {
    const { app, upstream } = await start(SupportModule);
    upstream.next(scriptCompletion({ topic: 'billing', urgent: true })).next(scriptStream('We are sorry.'));
    assertCompletion(await stream('support'), { content: 'We are sorry.', finish: 'stop' });
    const [first, second] = upstream.requests;
    expect(first?.body.response_format).toMatchObject({
      json_schema: {
        name: 'Topic',
        schema: { properties: { topic: { description: 'What the newest message is about' } } },
      },
    });
    expect(second?.body.messages[0]).toEqual({
      role: 'system',
      content: 'You are the support desk of a small shop.\nAll about billing.',
    });
    const graph = await fetch(`${app.url}/v1/models/support/graph`);
    expect(await graph.json()).toMatchObject({
      nodes: [
        { key: 'topic', kind: 'agent', node: 'topic', visible: false },
        { key: 'look-up', kind: 'node', node: 'look-up', visible: false },
        { key: 'answer', kind: 'agent-streaming', node: 'answer', visible: true },
      ],
      connections: [
        { from: 'topic', to: 'look-up' },
        { from: 'look-up', to: 'answer' },
      ],
    });
  });

  it('streams fields in channels, takes schemas for output and tools, and node classes as they are', async () => {
    const { upstream } = await start(makeWorkflowsModule(ThoughtfulWorkflow));
    upstream
      .next(scriptToolCalls('call_1', 'weather', { city: 'Oslo' }))
      .next(scriptCompletion({ thinking: 'Hm.', reply: 'Yes.', score: 3 }));
    const items = await stream('thoughtful');
    expect([readReasoning(items), readContent(items)]).toEqual(['Hm.', 'Yes.\n\nscore 6']);
    expect(upstream.requests[0]?.body.tools).toMatchObject([
      {
        function: {
          name: 'weather',
          parameters: { properties: { city: { type: 'string', description: 'Its name' } } },
        },
      },
    ]);
    expect(upstream.requests[1]?.body.messages.at(-1)).toMatchObject({ role: 'tool', content: 'rain in Oslo' });
  });

  it('falls back along its list of models, and takes a text as one message of the user', async () => {
    const { app, upstream } = await start(makeWorkflowsModule(ChainWorkflow));
    upstream
      .next(httpError(401, '{}'))
      .next(scriptStream('Why?'))
      .next(scriptStream('Because.'))
      .next(scriptStream('Aha.'));
    const { json } = await postJson(app.chatUrl, { model: 'chain', messages: HELLO });
    expect(json).toMatchObject({ choices: [{ message: { content: 'Aha.' } }] });
    expect(upstream.requests.map(({ body }) => body.model)).toEqual(['large', 'small', 'gpt-5.4-mini', 'large']);
    expect(upstream.requests.slice(2).map(({ body }) => body.messages)).toEqual([
      [
        { role: 'system', content: 'chain has 1 messages' },
        { role: 'user', content: 'Why?' },
      ],
      [
        { role: 'system', content: 'Ask one question.' },
        { role: 'user', content: 'Because.' },
      ],
    ]);
  });

  it('does not serve a workflow that only runs as a step, which takes a text as one message of the user, too', async () => {
    @Workflow({ id: 'toned', description: 'Answers in a tone', onlyAsStep: true })
    class TonedWorkflow {
      readonly answer = agent({ instructions: ({ tone }: { tone: string }) => `Be ${tone}.` });
      define(flow: Flow, { messages, tone }: ChatRefs<{ tone: string }>) {
        return flow.stream(this.answer, { messages, tone });
      }
    }
    @Workflow({ id: 'outer', description: 'Asks in a tone' })
    class OuterWorkflow {
      define(flow: Flow, { messages }: ChatRefs) {
        const question = messages.map((all) => `${all.length} messages`);
        const first = flow.workflow(TonedWorkflow, { messages: question, tone: 'kind' });
        return flow.workflow(TonedWorkflow, { messages: 'a text', tone: first }, { key: 'second' });
      }
    }
    @Module({ providers: [TonedWorkflow, OuterWorkflow] })
    class ToneModule {}
    const { app, upstream } = await start(ToneModule);
    const refused = await postJson(app.chatUrl, { model: 'toned', messages: HELLO });
    expect([refused.status, refused.text]).toEqual([404, expect.stringContaining('model_not_found')]);
    upstream.next(scriptStream('fair')).next(scriptStream('Done.'));
    assertCompletion(await stream('outer'), { content: 'fair\n\nDone.', finish: 'stop' });
    expect(upstream.requests.map(({ body }) => body.messages)).toEqual([
      [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: `${HELLO.length} messages` },
      ],
      [
        { role: 'system', content: 'Be fair.' },
        { role: 'user', content: 'a text' },
      ],
    ]);
  });

  it('fails as a bug where code of a step adds a step, or uses a ref as a value', async () => {
    @Workflow({ id: 'late', description: '' })
    class LateWorkflow {
      readonly answer = agent({});
      define(flow: Flow, { messages, model }: ChatRefs) {
        const first = flow.ask(this.answer, { messages });
        return flow.run('late', { first }, ({ first: text }) => {
          if (text === 'step') flow.ask(this.answer, { messages }, { key: 'again' });
          return `${model as unknown as string} ${text}`;
        });
      }
    }
    const { app, upstream } = await start(makeWorkflowsModule(LateWorkflow));
    for (const text of ['step', 'value']) {
      upstream.next(scriptStream(text));
      expect((await postJson(app.chatUrl, { model: 'late', messages: HELLO })).status).toBe(500);
    }
    expect(upstream.requests).toHaveLength(2);
  });

  it('fails as a bug where a node gives a generator and is not written as one', async () => {
    class SneakyNode {
      readonly #inner = new TickerNode();
      process(): AsyncGenerator<Deltas, number, void> {
        return this.#inner.process({ words: ['x'] });
      }
    }
    @Workflow({ id: 'sneaky', description: '' })
    class SneakyWorkflow {
      define(flow: Flow) {
        return flow.node(SneakyNode);
      }
    }
    const { app } = await start(makeWorkflowsModule(SneakyWorkflow));
    expect((await postJson(app.chatUrl, { model: 'sneaky', messages: HELLO })).status).toBe(500);
  });
});
