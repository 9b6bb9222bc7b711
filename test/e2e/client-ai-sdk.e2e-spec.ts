import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import * as ai from 'ai';
import { z } from 'zod';
import { City, REPLY, ULM } from '../fixtures/structured-outputs.js';
import { Bench } from '../support/bench.js';
import { catchRejection } from '../support/checks.js';
import { NetworkWatch } from '../support/network-watch.js';
import { scriptCompletion, scriptStream, scriptToolCalls, steps, tokens } from '../support/upstream/index.js';

const prompt = 'Hello';
const add = ai.tool({
  description: 'Adds two numbers',
  inputSchema: z.object({ a: z.number(), b: z.number() }),
  execute: ({ a, b }) => a + b,
});

describe('the Vercel AI SDK as a client', () => {
  let network: NetworkWatch;
  let bench: Bench;
  let model: (id: string) => ReturnType<ReturnType<typeof createOpenAICompatible>>;
  beforeEach(async () => {
    network = NetworkWatch.start();
    bench = await Bench.start();
    const provider = createOpenAICompatible({
      name: 'millrace',
      baseURL: bench.app.baseUrl,
      includeUsage: true,
      supportsStructuredOutputs: true,
    });
    model = (id) => provider(id);
  });
  afterEach(async () => {
    await bench.close();
    network.stop();
  });

  it('generates text with usage', async () => {
    bench.upstream.next(scriptStream('Hello there.', { usage: tokens(3, 4) }));
    const result = await ai.generateText({ model: model('chat'), prompt, maxRetries: 0 });
    expect(result.text).toBe('Hello there.');
    expect(result.finishReason).toBe('stop');
    expect(result.usage).toMatchObject({ inputTokens: 3, outputTokens: 4 });
  });

  it('streams text over two steps', async () => {
    bench.upstream.next(scriptStream('Hello there.')).next(scriptCompletion(REPLY));
    const result = ai.streamText({ model: model('streaming'), prompt, maxRetries: 0 });
    expect(await result.text).toBe(`Hello there.\n\n${JSON.stringify(REPLY)}`);
    expect(await result.finishReason).toBe('stop');
    expect((await result.usage).inputTokens).toBe(20);
  });

  it('shows reasoning apart from the text', async () => {
    bench.upstream.next(scriptCompletion(REPLY));
    const result = ai.streamText({ model: model('reasoning'), prompt, maxRetries: 0 });
    expect(await result.text).toBe(REPLY.reply);
    expect(await result.reasoningText).toBe(REPLY.thinking);
  });

  it('completes a loop with a tool', async () => {
    bench.upstream.next(scriptToolCalls('call_1', 'add', { a: 2, b: 3 })).next(scriptStream('It is 5.'));
    const result = await ai.generateText({
      model: model('chat'),
      prompt,
      tools: { add },
      stopWhen: ai.stepCountIs(2),
      maxRetries: 0,
    });
    expect(result.text).toBe('It is 5.');
    expect(result.steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'stop']);
    expect(result.steps[0]?.toolResults).toMatchObject([{ toolCallId: 'call_1', input: { a: 2, b: 3 }, output: 5 }]);
    await expectToolResultSent();
  });

  it('completes a loop with a tool, streamed, after a thought', async () => {
    bench.upstream
      .next([steps.reasoning('I need to add.'), ...scriptToolCalls('call_1', 'add', { a: 2, b: 3 })])
      .next(scriptStream('It is 5.'));
    const result = ai.streamText({
      model: model('chat'),
      prompt,
      tools: { add },
      stopWhen: ai.stepCountIs(2),
      maxRetries: 0,
    });
    expect(await result.text).toBe('It is 5.');
    const [calling] = await result.steps;
    expect(calling?.reasoningText).toBe('I need to add.');
    expect(calling?.toolResults).toMatchObject([{ toolCallId: 'call_1', output: 5 }]);
    await expectToolResultSent();
  });

  async function expectToolResultSent(): Promise<void> {
    expect((await bench.upstream.request(1)).body.messages.slice(1)).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'add', arguments: '{"a":2,"b":3}' } }] },
      { role: 'tool', tool_call_id: 'call_1', content: '5' },
    ]);
  }

  it('generates and streams objects by a schema', async () => {
    bench.upstream.always(scriptCompletion(ULM));
    const question = { model: model('chat'), prompt, maxRetries: 0 };
    expect((await ai.generateObject({ ...question, schema: City })).object).toEqual(ULM);
    expect(await readLast(ai.streamObject({ ...question, schema: City }).partialObjectStream)).toEqual(ULM);
    const output = ai.Output.object({ schema: City });
    expect((await ai.generateText({ ...question, output })).output).toEqual(ULM);
    expect(await readLast(ai.streamText({ ...question, output }).partialOutputStream)).toEqual(ULM);
    expect(bench.upstream.requests).toHaveLength(4);
    for (const { body } of bench.upstream.requests) {
      expect(body.response_format).toMatchObject({
        type: 'json_schema',
        json_schema: { schema: { required: ['city', 'population'] } },
      });
    }
  });

  it('gets errors before the stream and in it', async () => {
    bench.upstream.next(steps.httpError(500, steps.errorBody('down')));
    const failure = await catchRejection(ai.generateText({ model: model('chat'), prompt, maxRetries: 0 }));
    expect(failure).toBeInstanceOf(ai.APICallError);
    expect(failure).toMatchObject({ statusCode: 502, message: 'The model provider failed.' });
    expect(await catchRejection(ai.generateText({ model: model('nope'), prompt, maxRetries: 0 }))).toMatchObject({
      statusCode: 404,
      data: { error: { code: 'model_not_found', param: 'model' } },
    });

    bench.upstream.next([steps.role(), steps.text('So far'), steps.chunk(steps.errorBody('boom'))]);
    const parts: string[] = [];
    let error: unknown;
    const result = ai.streamText({
      model: model('chat'),
      prompt,
      maxRetries: 0,
      onError: (event) => void (error = event.error),
    });
    for await (const part of result.textStream) parts.push(part);
    expect(parts.join('')).toBe('So far');
    expect(error).toMatchObject({ code: 'upstream_error', type: 'server_error' });
  });

  it('is the transport of useChat that the docs show', async () => {
    bench.upstream.next(scriptCompletion(REPLY));
    const agent = new ai.ToolLoopAgent({ model: model('reasoning'), maxRetries: 0 });
    const transport = new ai.DirectChatTransport({ agent });
    const messages: Parameters<typeof transport.sendMessages>[0]['messages'] = [
      { id: '1', role: 'user', parts: [{ type: 'text', text: prompt }] },
    ];
    const chunks = await transport.sendMessages({
      trigger: 'submit-message',
      chatId: '1',
      messageId: undefined,
      messages,
      abortSignal: undefined,
    });
    const said = { 'reasoning-delta': '', 'text-delta': '' };
    const types = new Set<string>();
    for await (const part of chunks as unknown as AsyncIterable<{ type: string; delta?: string }>) {
      types.add(part.type);
      if (part.type === 'reasoning-delta' || part.type === 'text-delta') said[part.type] += part.delta ?? '';
    }
    expect(said).toEqual({ 'reasoning-delta': REPLY.thinking, 'text-delta': REPLY.reply });
    expect([...types].at(-1)).toBe('finish');
    expect((await bench.upstream.request(0)).body).toMatchObject({ stream: true });
  });

  it('stops the upstream by its abort signal, and continues', async () => {
    bench.upstream.next([steps.role(), steps.text('One'), steps.stall()]);
    const leaving = new AbortController();
    const result = ai.streamText({ model: model('chat'), prompt, maxRetries: 0, abortSignal: leaving.signal });
    for await (const _ of result.textStream) leaving.abort();
    expect(await (await bench.upstream.request(0)).closed).toBe('aborted');
    bench.upstream.next(scriptStream('Hello again.'));
    expect((await ai.generateText({ model: model('chat'), prompt, maxRetries: 0 })).text).toBe('Hello again.');
  });
});

async function readLast<T>(stream: AsyncIterable<T>): Promise<T | undefined> {
  let last: T | undefined;
  for await (const part of stream) last = part;
  return last;
}
