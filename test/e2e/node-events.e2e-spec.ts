import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { ChatOpenAI } from '@langchain/openai';
import { Injectable } from '@nestjs/common';
import { streamText } from 'ai';
import OpenAI from 'openai';
import { type ChatRefs, type Flow, type Ref, type TaskContext, Workflow } from '../../src/workflow/index.js';
import { Bench } from '../support/app.js';
import { assertCompletion, readChunks } from '../support/chunks.js';
import { postJson } from '../support/http-client.js';
import { HELLO, WITH_EVENTS } from '../support/messages.js';
import { scriptCompletion, scriptStream, tokens } from '../support/upstream/scripts.js';
import { httpError, style } from '../support/upstream/steps.js';
import { SpeakNode, makeWorkflowsModule } from '../support/workflow-kit.js';

const REPLY = { thinking: 'Hm.', reply: 'Hello!' };

@Injectable()
class CountNode {
  process({ text }: { text: string }, context: TaskContext): 'long' | 'short' {
    context.progress('Counting', { characters: text.length });
    return text.length > 3 ? 'long' : 'short';
  }
}

@Workflow({ id: 'counted', description: 'Progress and a route' })
class CountedWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    const hidden = flow.node(SpeakNode, { messages, prompt: 'a' }, { key: 'hidden', silent: true });
    return flow.route(flow.node(CountNode, { text: hidden }), {
      long: (branch) => branch.node(SpeakNode, { messages, prompt: 'b' }),
      short: () => hidden,
    });
  }
}

describe('node events', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start({ imports: [makeWorkflowsModule(CountedWorkflow, CountNode, SpeakNode)] });
  });
  afterEach(() => bench.close());

  const listNews = async (model: string, headers: Record<string, string>): Promise<Record<string, unknown>[]> => {
    const stream = await bench.open({ model }, headers);
    const items = await stream.collect();
    assertCompletion(items, { finish: 'stop' });
    return readChunks(items).flatMap((chunk) =>
      'millrace' in chunk ? [chunk.millrace as Record<string, unknown>] : [],
    );
  };

  it('tell which step started, how it went and what it cost, in valid chunks with an empty delta', async () => {
    bench.upstream
      .next(scriptStream('Hi', { usage: tokens(1, 2) }))
      .next(scriptCompletion(REPLY, { usage: tokens(3, 4) }));
    const news = await listNews('streaming', WITH_EVENTS);
    expect(news).toMatchObject([
      { type: 'node-started', node: 'TextStreamingNode', kind: 'agent-streaming', visible: true },
      { type: 'model-identified', node: 'TextStreamingNode' },
      { type: 'node-speaks', node: 'TextStreamingNode' },
      { type: 'node-finished', node: 'TextStreamingNode', usage: { total_tokens: 3 } },
      { type: 'node-started', node: 'StructuredStreamingNode' },
      { type: 'model-identified', node: 'StructuredStreamingNode' },
      { type: 'node-speaks', node: 'StructuredStreamingNode' },
      { type: 'node-finished', node: 'StructuredStreamingNode', output: REPLY, usage: { total_tokens: 7 } },
      {
        type: 'run-finished',
        finish_reason: 'stop',
        usage: { total_tokens: 10 },
        nodes: { TextStreamingNode: { usage: { total_tokens: 3 } }, StructuredStreamingNode: { output: REPLY } },
      },
    ]);
    const numbers = news.map(({ seq }) => Number(seq));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  it('tell progress and the branch taken, and nothing of the output of silent steps', async () => {
    bench.upstream.next(scriptStream('secret words')).next(scriptStream('said'));
    const news = await listNews('counted', WITH_EVENTS);
    expect(news).toContainEqual(
      expect.objectContaining({
        type: 'node-progress',
        node: 'CountNode',
        message: 'Counting',
        data: { characters: 12 },
      }),
    );
    expect(news).toContainEqual(expect.objectContaining({ type: 'route-taken', node: 'route', branch: 'long' }));
    expect(JSON.stringify(news)).not.toContain('secret');
  });

  it('tell what a completion that was cut off has cost', async () => {
    bench.upstream.next(scriptStream('{"thinking":"H', { finish: 'length', usage: tokens(3, 4) }));
    const stream = await bench.open({ model: 'reasoning' }, WITH_EVENTS);
    const chunks = readChunks(await stream.collect());
    const summary = chunks.flatMap((chunk) => ('millrace' in chunk ? [chunk.millrace] : [])).at(-1);
    expect(summary).toMatchObject({
      finish_reason: 'length',
      nodes: { consider: { usage: { total_tokens: 7 } } },
    });
  });

  it('are sent only to clients that ask', async () => {
    for (const headers of [{}, { 'millrace-events': 'false' }]) {
      bench.upstream.next(scriptStream('Hi')).next(scriptCompletion(REPLY));
      expect(await listNews('streaming', headers)).toEqual([]);
    }
  });

  it('leave an early failure its status', async () => {
    bench.upstream.next(httpError(500, 'down'));
    const response = await bench.ask({ model: 'streaming', stream: true }, WITH_EVENTS);
    expect(response.status).toBe(502);
  });

  it('are in the error response of a failure before the stream, for those who ask', async () => {
    const script = (): void => {
      bench.upstream.next(scriptStream('secret words', { usage: tokens(1, 2) })).next(httpError(500, 'down'));
    };
    const body = { model: 'counted', stream: true, messages: HELLO };
    script();
    const response = await postJson(bench.app.chatUrl, body, WITH_EVENTS);
    expect(response.status).toBe(502);
    expect(response.json).toMatchObject({
      error: { message: expect.any(String) },
      millrace: {
        events: [
          { type: 'node-started', node: 'hidden', visible: false },
          { type: 'model-identified', node: 'hidden' },
          { type: 'node-finished', node: 'hidden', usage: { total_tokens: 3 } },
          { type: 'node-started', node: 'CountNode' },
          { type: 'node-progress', node: 'CountNode', message: 'Counting' },
          { type: 'node-finished', node: 'CountNode' },
          { type: 'route-taken', node: 'route', branch: 'long' },
          { type: 'node-started', node: 'route.long.SpeakNode' },
          { type: 'node-failed', node: 'route.long.SpeakNode', recovered: false },
        ],
      },
    });
    expect(response.text).not.toMatch(/secret|down/);
    script();
    expect(Object.keys((await postJson(bench.app.chatUrl, body)).json as object)).toEqual(['error']);
  });

  it.each([
    ['gpt-5-2026-08-07', 'gpt-5-2026-08-07'],
    ['meta-llama/Llama-3.1-8B', 'meta-llama/Llama-3.1-8B'],
    ['/home/ada/models/llama.gguf', 'llama.gguf'],
    ['C:\\models\\llama.gguf', 'llama.gguf'],
  ])('name the model %s without the folder that it is in', async (model, name) => {
    bench.upstream.next([style({ envelope: { model } }), ...scriptStream('Hi')]);
    const news = await listNews('chat', WITH_EVENTS);
    expect(news).toContainEqual(expect.objectContaining({ type: 'model-identified', node: 'answer', model: name }));
  });

  describe('do no harm to', () => {
    beforeEach(() => {
      bench.upstream.next(scriptStream('Hi')).next(scriptCompletion(REPLY));
    });
    const content = `Hi\n\n${JSON.stringify(REPLY)}`;
    const client = (): OpenAI =>
      new OpenAI({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 0, defaultHeaders: WITH_EVENTS });

    it('a loop over a stream of the openai SDK', async () => {
      const stream = await client().chat.completions.create({ model: 'streaming', stream: true, messages: HELLO });
      let read = '';
      for await (const chunk of stream) read += chunk.choices[0]?.delta.content ?? '';
      expect(read).toBe(content);
    });

    it('its .stream() helper', async () => {
      const completion = await client()
        .chat.completions.stream({ model: 'streaming', messages: HELLO })
        .finalChatCompletion();
      expect(completion.choices[0]?.message.content).toBe(content);
    });

    it('LangChain', async () => {
      const model = new ChatOpenAI({
        model: 'streaming',
        apiKey: 'any',
        maxRetries: 0,
        configuration: { baseURL: bench.app.baseUrl, defaultHeaders: WITH_EVENTS },
      });
      let read = '';
      for await (const chunk of await model.stream('Hello')) read += chunk.text;
      expect(read).toBe(content);
    });

    it('the ai package', async () => {
      const provider = createOpenAICompatible({ name: 'm', baseURL: bench.app.baseUrl, headers: WITH_EVENTS });
      const result = streamText({ model: provider('streaming'), prompt: 'Hello', maxRetries: 0 });
      expect(await result.text).toBe(content);
      expect(await result.finishReason).toBe('stop');
    });
  });
});
