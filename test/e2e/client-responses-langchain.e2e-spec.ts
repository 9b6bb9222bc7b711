import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AIMessageChunk, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import OpenAI from 'openai';
import { z } from 'zod';
import { Bench } from '../support/app.js';
import { BodyWatch } from '../support/conversations.js';
import { NetworkWatch } from '../support/network-watch.js';
import { catchRejection } from '../support/rejection.js';
import { scriptCompletion, scriptStream, scriptToolCalls, tokens } from '../support/upstream/scripts.js';
import { errorBody, httpError, reasoning, reset, role, text } from '../support/upstream/steps.js';

const REPLY = { thinking: 'Hm.', reply: 'Hello 🙂' };
const City = z.object({ city: z.string(), population: z.number() });
const ULM = { city: 'Ulm', population: 126_000 };

const add = tool(({ a, b }: { a: number; b: number }) => String(a + b), {
  name: 'add',
  description: 'Adds two numbers',
  schema: z.object({ a: z.number(), b: z.number() }),
});

describe('LangChain as a client of responses', () => {
  let network: NetworkWatch;
  let bench: Bench;
  let model: (name: string) => ChatOpenAI;
  beforeEach(async () => {
    // LangSmith, which LangChain reports to as soon as the environment says so.
    for (const name of ['LANGSMITH_TRACING', 'LANGSMITH_TRACING_V2', 'LANGCHAIN_TRACING', 'LANGCHAIN_TRACING_V2']) {
      process.env[name] = 'false';
    }
    network = NetworkWatch.start();
    bench = await Bench.start();
    model = (name) =>
      new ChatOpenAI({
        model: name,
        apiKey: 'any',
        maxRetries: 0,
        useResponsesApi: true,
        configuration: { baseURL: bench.app.baseUrl },
      });
  });
  afterEach(async () => {
    await bench.close();
    network.stop();
  });

  it('invokes and streams, with usage', async () => {
    bench.upstream.next(scriptStream('Hello there.', { usage: tokens(3, 4) }));
    const message = await model('chat').invoke('Hello');
    expect(message.text).toBe('Hello there.');
    expect(message.usage_metadata).toMatchObject({ input_tokens: 3, output_tokens: 4 });
    bench.upstream.next(scriptStream('Hello there.')).next(scriptCompletion(REPLY));
    const whole = await join(await model('streaming').stream('Hello'));
    expect(whole?.text).toBe(`Hello there.\n\n${JSON.stringify(REPLY)}`);
  });

  it('gives structured output', async () => {
    bench.upstream.next(scriptCompletion(ULM));
    expect(await model('chat').withStructuredOutput(City).invoke('Which city?')).toEqual(ULM);
  });

  it('gets errors before the answer with their status', async () => {
    bench.upstream.next(httpError(500, errorBody('down')));
    expect(await catchRejection(model('chat').invoke('Hello'))).toMatchObject({ status: 502 });
    expect(await catchRejection(model('nope').invoke('Hello'))).toMatchObject({ status: 404 });
  });

  it('gets the text so far, and then the error with its words', async () => {
    bench.upstream.next([role(), text('Once upon'), reset()]);
    let said = '';
    const read = async (): Promise<void> => {
      for await (const piece of await model('chat').stream('Hello')) said += piece.text;
    };
    const error = await catchRejection(read());
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect((error as Error).message).toContain('model provider broke');
    expect(said).toBe('Once upon');
  });

  it.each([false, true])('completes a loop with a tool over several turns, streamed: %s', async (stream) => {
    const sent = new BodyWatch(bench.app.nest.getHttpServer());
    bench.upstream
      .next([reasoning('I need to add.'), ...scriptToolCalls('call_1', 'add', { a: 2, b: 3 })])
      .next(scriptStream('It is 5.'))
      .next(scriptStream('It was 5.'));
    const bound = model('chat').bindTools([add]);
    const messages: BaseMessage[] = [new HumanMessage('How much is 2 + 3?')];
    const ask = async (): Promise<AIMessageChunk> => {
      const answer = stream ? await join(await bound.stream(messages)) : await bound.invoke(messages);
      messages.push(answer as AIMessageChunk);
      return answer as AIMessageChunk;
    };
    expect((await ask()).tool_calls).toMatchObject([{ id: 'call_1', name: 'add', args: { a: 2, b: 3 } }]);
    messages.push(new ToolMessage({ tool_call_id: 'call_1', content: '5' }));
    expect((await ask()).text).toBe('It is 5.');
    messages.push(new HumanMessage('What was it?'));
    expect((await ask()).text).toBe('It was 5.');
    if (stream) sent.expectFixture('langchain');
    expect((await bench.upstream.request(2)).body.messages).toMatchObject([
      { role: 'user', content: 'How much is 2 + 3?' },
      { role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'add' } }] },
      { role: 'tool', tool_call_id: 'call_1', content: '5' },
      { role: 'assistant', content: 'It is 5.' },
      { role: 'user', content: 'What was it?' },
    ]);
  });
});

async function join(pieces: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk | undefined> {
  let whole: AIMessageChunk | undefined;
  for await (const piece of pieces) whole = whole?.concat(piece) ?? piece;
  return whole;
}
