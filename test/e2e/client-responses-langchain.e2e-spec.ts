import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AIMessageChunk, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import type { ChatOpenAI } from '@langchain/openai';
import OpenAI from 'openai';
import { City, REPLY, ULM } from '../fixtures/structured-outputs.js';
import { add, LangChainClient } from '../support/langchain-client.js';
import { Bench } from '../support/bench.js';
import { BodyWatch } from '../support/conversations.js';
import { catchRejection } from '../support/checks.js';
import { scriptCompletion, scriptStream, scriptToolCalls, steps, tokens } from '../support/upstream/index.js';

describe('LangChain as a client of responses', () => {
  let client: LangChainClient;
  let bench: Bench;
  beforeEach(async () => {
    client = await LangChainClient.start({ useResponsesApi: true });
    ({ bench } = client);
  });
  afterEach(() => client.close());
  const model = (name: string): ChatOpenAI => client.makeModel(name);

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

  it('gets errors before the response begins, with their status', async () => {
    bench.upstream.next(steps.httpError(500, steps.errorBody('down')));
    expect(await catchRejection(model('chat').invoke('Hello'))).toMatchObject({ status: 502 });
    expect(await catchRejection(model('nope').invoke('Hello'))).toMatchObject({ status: 404 });
  });

  it('gets the text so far, and then the error with its words', async () => {
    bench.upstream.next([steps.role(), steps.text('Once upon'), steps.reset()]);
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
      .next([steps.reasoning('I need to add.'), ...scriptToolCalls('call_1', 'add', { a: 2, b: 3 })])
      .next(scriptStream('It is 5.'))
      .next(scriptStream('It was 5.'));
    const bound = model('chat').bindTools([add]);
    const messages: BaseMessage[] = [new HumanMessage('How much is 2 + 3?')];
    const ask = async (): Promise<AIMessageChunk> => {
      const message = stream ? await join(await bound.stream(messages)) : await bound.invoke(messages);
      messages.push(message as AIMessageChunk);
      return message as AIMessageChunk;
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
