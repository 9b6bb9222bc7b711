import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HumanMessage, ToolMessage, type AIMessageChunk, type BaseMessage } from '@langchain/core/messages';
import type { ChatOpenAI } from '@langchain/openai';
import OpenAI from 'openai';
import { City, REPLY, ULM } from '../fixtures/structured-outputs.js';
import { add, LangChainClient } from '../support/langchain-client.js';
import { Bench } from '../support/bench.js';
import { catchRejection } from '../support/checks.js';
import { scriptCompletion, scriptStream, scriptToolCalls, steps, tokens } from '../support/upstream/index.js';

describe('LangChain as a client', () => {
  let client: LangChainClient;
  let bench: Bench;
  beforeEach(async () => {
    client = await LangChainClient.start();
    ({ bench } = client);
  });
  afterEach(() => client.close());
  const model = (name: string): ChatOpenAI => client.makeModel(name);

  it('invokes, with usage', async () => {
    bench.upstream.next(scriptStream('Hello there.', { usage: tokens(3, 4) }));
    const message = await model('chat').invoke('Hello');
    expect(message.text).toBe('Hello there.');
    expect(message.usage_metadata).toMatchObject({ input_tokens: 3, output_tokens: 4, total_tokens: 7 });
    expect(message.response_metadata).toMatchObject({ finish_reason: 'stop' });
  });

  it('streams over two steps, with the usage of both', async () => {
    bench.upstream
      .next(scriptStream('Hello there.', { usage: tokens(3, 4) }))
      .next(scriptCompletion(REPLY, { usage: tokens(5, 6) }));
    const { whole, texts } = await readAll(await model('streaming').stream('Hello'));
    expect(texts.join('')).toBe(`Hello there.\n\n${JSON.stringify(REPLY)}`);
    expect(texts.length).toBeGreaterThan(2);
    expect(whole?.usage_metadata).toMatchObject({ input_tokens: 8, output_tokens: 10, total_tokens: 18 });
  });

  it('shows reasoning apart from the text', async () => {
    bench.upstream.next(scriptCompletion(REPLY)).next(scriptCompletion(REPLY));
    const message = await model('reasoning').invoke('Hello');
    const { whole, texts } = await readAll(await model('reasoning').stream('Hello'));
    expect(message.text).toBe(REPLY.reply);
    expect(message.additional_kwargs['reasoning_content']).toBe(REPLY.thinking);
    expect(texts.join('')).toBe(REPLY.reply);
    expect(whole?.additional_kwargs['reasoning_content']).toBe(REPLY.thinking);
  });

  it.each([true, false])('completes a loop with a bound tool, with streaming: %p', async (streaming) => {
    bench.upstream.next(scriptToolCalls('call_1', 'add', { a: 2, b: 3 })).next(scriptStream('It is 5.'));
    const bound = model('chat').bindTools([add]);
    const ask = async (messages: BaseMessage[]): Promise<AIMessageChunk | undefined> =>
      streaming ? (await readAll(await bound.stream(messages))).whole : bound.invoke(messages);

    const question = new HumanMessage('How much is 2 + 3?');
    const calling = await ask([question]);
    if (calling === undefined) throw new Error('There was no answer');
    expect(calling.tool_calls).toMatchObject([{ id: 'call_1', name: 'add', args: { a: 2, b: 3 } }]);
    const results: ToolMessage[] = [];
    for (const call of calling.tool_calls ?? []) {
      results.push(await add.invoke({ ...call, type: 'tool_call' }));
    }
    expect((await ask([question, calling, ...results]))?.text).toBe('It is 5.');
    expect((await bench.upstream.request(1)).body.messages.slice(1)).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'add' } }] },
      { role: 'tool', tool_call_id: 'call_1', content: '5' },
    ]);
  });

  it('gets structured outputs by a schema', async () => {
    bench.upstream.next(scriptCompletion(ULM)).next(scriptCompletion(ULM));
    const structured = model('chat').withStructuredOutput(City, { name: 'city', method: 'jsonSchema' });
    expect(await structured.invoke('Hello')).toEqual(ULM);
    let last: unknown;
    for await (const part of await structured.stream('Hello')) last = part;
    expect(last).toEqual(ULM);
    expect((await bench.upstream.request(0)).body.response_format).toMatchObject({
      type: 'json_schema',
      json_schema: { name: 'city', schema: { required: ['city', 'population'] } },
    });
  });

  it('gets structured outputs by calling a tool', async () => {
    bench.upstream.next(scriptToolCalls('call_1', 'city', ULM));
    const structured = model('chat').withStructuredOutput(City, { name: 'city', method: 'functionCalling' });
    expect(await structured.invoke('Hello')).toEqual(ULM);
    expect((await bench.upstream.request(0)).body.tool_choice).toMatchObject({ function: { name: 'city' } });
  });

  it('gets errors before the response begins, with their status and code', async () => {
    const unknown = { status: 404, code: 'model_not_found', lc_error_code: 'MODEL_NOT_FOUND' };
    expect(await catchRejection(model('nope').invoke('Hello'))).toMatchObject(unknown);
    expect(await catchRejection(model('nope').stream('Hello'))).toMatchObject(unknown);
    bench.upstream.next(steps.httpError(429, steps.errorBody('slow')));
    expect(await catchRejection(model('chat').stream('Hello'))).toMatchObject({
      status: 429,
      code: 'rate_limit_exceeded',
      lc_error_code: 'MODEL_RATE_LIMIT',
    });
  });

  it('gets the text so far, and then the error, in a stream', async () => {
    bench.upstream.next([steps.role(), steps.text('So far'), steps.chunk(steps.errorBody('boom'))]);
    const stream = await model('chat').stream('Hello');
    let content = '';
    const error = await catchRejection(
      (async () => {
        for await (const part of stream) content += part.text;
      })(),
    );
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ code: 'upstream_error', type: 'server_error' });
    expect(content).toBe('So far');
  });

  it('stops the upstream by its signal, in a stream and before a response, and continues', async () => {
    bench.upstream.always([steps.role(), steps.text('One'), steps.stall()]);
    const leavingStream = new AbortController();
    const stream = await model('chat').stream('Hello', { signal: leavingStream.signal });
    const reading = (async () => {
      for await (const part of stream) if (part.text !== '') leavingStream.abort();
    })();
    expect(await catchRejection(reading)).toHaveProperty('message', 'Aborted');
    expect(await (await bench.upstream.request(0)).closed).toBe('aborted');

    const leaving = new AbortController();
    const invoking = catchRejection(model('chat').invoke('Hello', { signal: leaving.signal }));
    const asked = await bench.upstream.request(1);
    leaving.abort();
    expect(await invoking).toHaveProperty('name', 'AbortError');
    expect(await asked.closed).toBe('aborted');

    bench.upstream.always(scriptStream('Hello again.'));
    expect((await model('chat').invoke('Hello')).text).toBe('Hello again.');
  });

  // LangChain closes the stream only when the next piece arrives: with a silent model, `break` would wait for it.
  it('stops the upstream by leaving the loop', async () => {
    bench.upstream.next([steps.role(), steps.flood({ bytes: 64 * 1024 * 1024 })]);
    for await (const part of await model('chat').stream('Hello')) if (part.text !== '') break;
    expect(await (await bench.upstream.request(0)).closed).toBe('aborted');
    bench.upstream.next(scriptStream('Hello again.'));
    expect((await model('chat').invoke('Hello')).text).toBe('Hello again.');
  });
});

/** The pieces of a stream, and the message that they add up to. */
async function readAll(
  stream: AsyncIterable<AIMessageChunk>,
): Promise<{ whole: AIMessageChunk | undefined; texts: string[] }> {
  let whole: AIMessageChunk | undefined;
  const texts: string[] = [];
  for await (const part of stream) {
    whole = whole === undefined ? part : whole.concat(part);
    if (part.text !== '') texts.push(part.text);
  }
  return { whole, texts };
}
