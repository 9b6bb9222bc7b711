import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HumanMessage, ToolMessage, type AIMessageChunk } from '@langchain/core/messages';
import { tool as langchainTool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } from '@openai/agents';
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import OpenAIv5 from 'openai-v5';
import { z } from 'zod';
import { Bench } from '../support/app.js';
import { NetworkWatch } from '../support/network-watch.js';
import { catchRejection } from '../support/rejection.js';
import { readOutputText } from '../support/response-rules.js';
import { scriptCompletion, scriptStream, scriptToolCalls, tokens } from '../support/upstream/scripts.js';
import { httpError, reasoning, refusal, reset, role, text, finish, done } from '../support/upstream/steps.js';

const REPLY = { thinking: 'Hm.', reply: 'Hello 🙂' };
const City = z.object({ city: z.string(), population: z.number() });
const ULM = { city: 'Ulm', population: 126_000 };

let network: NetworkWatch;
let bench: Bench;
beforeEach(async () => {
  network = NetworkWatch.start();
  bench = await Bench.start();
});
afterEach(async () => {
  await bench.close();
  network.stop();
});

describe.each([
  ['5', OpenAIv5 as unknown as typeof OpenAI],
  ['6', OpenAI],
])('the openai SDK %s as a client of responses', (_version, Sdk) => {
  let client: OpenAI;
  beforeEach(() => {
    client = new Sdk({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 0 });
  });

  it('creates a response', async () => {
    bench.upstream.next(scriptStream('Hello there.', { usage: tokens(3, 4) }));
    const response = await client.responses.create({ model: 'chat', input: 'Hello' });
    expect(response.output_text).toBe('Hello there.');
    expect(response.usage?.total_tokens).toBe(7);
    expect(response._request_id).toMatch(/^req_/);
  });

  it('iterates a stream over two steps', async () => {
    bench.upstream.next(scriptStream('Hello there.')).next(scriptCompletion(REPLY));
    let said = '';
    let last: string | undefined;
    const stream = await client.responses.create({ model: 'streaming', input: 'Hello', stream: true });
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') said += event.delta;
      last = event.type;
    }
    expect(said).toBe(`Hello there.\n\n${JSON.stringify(REPLY)}`);
    expect(last).toBe('response.completed');
  });

  it('follows the .stream() helper to its final response, thoughts and calls too', async () => {
    bench.upstream.next([reasoning('I must look.'), ...scriptToolCalls('call_1', 'weather', { city: 'Rome' })]);
    const stream = client.responses.stream({
      model: 'chat',
      input: 'How is the weather?',
      tools: [
        {
          type: 'function',
          name: 'weather',
          strict: true,
          parameters: { type: 'object', properties: {}, required: [], additionalProperties: false },
        },
      ],
    });
    const types = new Set<string>();
    stream.on('event', ({ type }) => types.add(type));
    const final = await stream.finalResponse();
    expect(final.status).toBe('completed');
    expect(final.output).toMatchObject([
      { type: 'reasoning', summary: [{ text: 'I must look.' }] },
      { type: 'function_call', call_id: 'call_1', arguments: '{"city":"Rome"}' },
    ]);
    expect(types).toContain('response.function_call_arguments.done');
  });

  it('parses structured output', async () => {
    bench.upstream.next(scriptCompletion(ULM));
    const parsed = await client.responses.parse({
      model: 'chat',
      input: 'Which city?',
      text: { format: zodTextFormat(City, 'city') },
    });
    expect(parsed.output_parsed).toEqual(ULM);
    bench.upstream.next([role(), refusal('No.'), finish('stop'), done()]);
    const refused = await client.responses.stream({ model: 'chat', input: 'Hi' }).finalResponse();
    expect(refused.output).toMatchObject([{ content: [{ type: 'refusal', refusal: 'No.' }] }]);
  });

  it('stays with node events that it did not expect', async () => {
    bench.upstream.next(scriptStream('Hello there.')).next(scriptCompletion(REPLY));
    const stream = client.responses.stream(
      { model: 'streaming', input: 'Hello' },
      { headers: { 'millrace-events': 'true' } },
    );
    expect(readOutputText(await stream.finalResponse())).toBe(`Hello there.\n\n${JSON.stringify(REPLY)}`);
  });

  it('gets errors with their status, and those of a stream with their words', async () => {
    const failed = await catchRejection(client.responses.create({ model: 'nobody', input: 'Hello' }));
    expect(failed).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
    bench.upstream.next(httpError(500, 'down'));
    expect(await catchRejection(client.responses.create({ model: 'chat', input: 'Hello' }))).toMatchObject({
      status: 502,
    });
    bench.upstream.next([role(), text('Once upon'), reset()]);
    const stream = await client.responses.create({ model: 'chat', input: 'Hello', stream: true });
    let said = '';
    const read = async (): Promise<void> => {
      for await (const event of stream) if (event.type === 'response.output_text.delta') said += event.delta;
    };
    const broken = await catchRejection(read());
    expect(broken).toBeInstanceOf(Sdk.APIError);
    expect((broken as Error).message).toContain('model provider broke');
    expect(said).toBe('Once upon');
  });
});

describe('the OpenAI Agents SDK as a client of responses', () => {
  const add = tool({
    name: 'add',
    description: 'Adds two numbers',
    parameters: z.object({ a: z.number(), b: z.number() }),
    execute: ({ a, b }) => String(a + b),
  });
  const chat = new Agent({ name: 'Chat', instructions: 'Be brief.', model: 'chat' });
  let runner: Runner;
  beforeEach(() => {
    // It would send its traces to OpenAI.
    setTracingDisabled(true);
    const openAIClient = new OpenAI({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 0 });
    runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient }), tracingDisabled: true });
  });

  it('runs an agent, with usage', async () => {
    bench.upstream.next(scriptStream('Hello there.', { usage: tokens(3, 4) }));
    const result = await runner.run(chat, 'Hello');
    expect(result.finalOutput).toBe('Hello there.');
    expect(result.state.usage).toMatchObject({ requests: 1, inputTokens: 3, outputTokens: 4, totalTokens: 7 });
    expect((await bench.upstream.request(0)).body.messages).toMatchObject([
      { content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
    ]);
  });

  it.each([false, true])('completes a loop with a tool over several turns, streamed: %s', async (stream) => {
    bench.upstream
      .next([reasoning('I need to add.'), ...scriptToolCalls('call_1', 'add', { a: 2, b: 3 })])
      .next(scriptStream('It is 5.'))
      .next(scriptStream('It was 5.'));
    const calculator = chat.clone({ name: 'Calculator', tools: [add] });
    const run = async (input: Parameters<Runner['run']>[1]) => {
      if (!stream) return runner.run(calculator, input);
      const streamed = await runner.run(calculator, input, { stream: true });
      await streamed.completed;
      return streamed;
    };
    const first = await run('How much is 2 + 3?');
    expect(first.finalOutput).toBe('It is 5.');
    expect((await bench.upstream.request(1)).body.messages.slice(-2)).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'add' } }] },
      { role: 'tool', tool_call_id: 'call_1', content: '5' },
    ]);
    const second = await run([...first.history, { role: 'user', content: 'What was it?' }]);
    expect(second.finalOutput).toBe('It was 5.');
    expect((await bench.upstream.request(2)).body.messages.slice(-2)).toMatchObject([
      { role: 'assistant', content: 'It is 5.' },
      { role: 'user', content: 'What was it?' },
    ]);
  });
});

describe('LangChain as a client of responses', () => {
  const add = langchainTool(({ a, b }: { a: number; b: number }) => String(a + b), {
    name: 'add',
    description: 'Adds two numbers',
    schema: z.object({ a: z.number(), b: z.number() }),
  });
  const model = (name: string): ChatOpenAI =>
    new ChatOpenAI({
      model: name,
      apiKey: 'any',
      maxRetries: 0,
      useResponsesApi: true,
      configuration: { baseURL: bench.app.baseUrl },
    });

  it('invokes and streams, with usage', async () => {
    bench.upstream.next(scriptStream('Hello there.', { usage: tokens(3, 4) }));
    const message = await model('chat').invoke('Hello');
    expect(message.text).toBe('Hello there.');
    expect(message.usage_metadata).toMatchObject({ input_tokens: 3, output_tokens: 4 });
    bench.upstream.next(scriptStream('Hello there.')).next(scriptCompletion(REPLY));
    let whole: AIMessageChunk | undefined;
    for await (const piece of await model('streaming').stream('Hello')) whole = whole?.concat(piece) ?? piece;
    expect(whole?.text).toBe(`Hello there.\n\n${JSON.stringify(REPLY)}`);
  });

  it('completes a loop with a tool', async () => {
    bench.upstream.next(scriptToolCalls('call_1', 'add', { a: 2, b: 3 })).next(scriptStream('It is 5.'));
    const bound = model('chat').bindTools([add]);
    const asked = new HumanMessage('How much is 2 + 3?');
    const call = await bound.invoke([asked]);
    expect(call.tool_calls).toMatchObject([{ id: 'call_1', name: 'add', args: { a: 2, b: 3 } }]);
    const result = new ToolMessage({ tool_call_id: 'call_1', content: '5' });
    expect((await bound.invoke([asked, call, result])).text).toBe('It is 5.');
    expect((await bench.upstream.request(1)).body.messages.at(-1)).toMatchObject({ role: 'tool', content: '5' });
  });
});
