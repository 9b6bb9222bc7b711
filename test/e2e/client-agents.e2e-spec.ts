import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Agent, type Runner, type RunStreamEvent } from '@openai/agents';
import OpenAI from 'openai';
import { City, REPLY, ULM } from '../fixtures/structured-outputs.js';
import { AgentsClient, calculator, chat } from '../support/agents-client.js';
import { Bench } from '../support/bench.js';
import { catchRejection } from '../support/checks.js';
import { scriptCompletion, scriptStream, scriptToolCalls, steps, tokens } from '../support/upstream/index.js';

// The SDK requires version 7 of `openai`, which needs Node 22; package.json overrides it with this project's version.
describe('the OpenAI Agents SDK as a client', () => {
  let client: AgentsClient;
  let bench: Bench;
  let runner: Runner;
  beforeEach(async () => {
    client = await AgentsClient.start(false);
    ({ bench, runner } = client);
  });
  afterEach(() => client.close());

  it('runs an agent, with usage', async () => {
    bench.upstream.next(scriptStream('Hello there.', { usage: tokens(3, 4) }));
    const result = await runner.run(chat, 'Hello');
    expect(result.finalOutput).toBe('Hello there.');
    expect(result.state.usage).toMatchObject({ requests: 1, inputTokens: 3, outputTokens: 4, totalTokens: 7 });
    expect((await bench.upstream.request(0)).body.messages).toMatchObject([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
    ]);
  });

  it('streams an agent, with usage', async () => {
    bench.upstream.next(scriptStream('Hello there, you.', { usage: tokens(3, 4) }));
    const result = await runner.run(chat, 'Hello', { stream: true });
    const { texts } = await readAll(result);
    expect(texts.join('')).toBe('Hello there, you.');
    expect(result.finalOutput).toBe('Hello there, you.');
    expect(result.state.usage).toMatchObject({ inputTokens: 3, outputTokens: 4, totalTokens: 7 });
  });

  it('completes a loop with a tool', async () => {
    bench.upstream.next(scriptToolCalls('call_1', 'add', { a: 2, b: 3 })).next(scriptStream('It is 5.'));
    const result = await runner.run(calculator, 'How much is 2 + 3?');
    expect(result.finalOutput).toBe('It is 5.');
    expect(result.state.usage).toMatchObject({ requests: 2 });
    await expectToolResultSent();
  });

  it('completes a loop with a tool, streamed, after a thought', async () => {
    bench.upstream
      .next([steps.reasoning('I need to add.'), ...scriptToolCalls('call_1', 'add', { a: 2, b: 3 })])
      .next(scriptStream('It is 5.'));
    const result = await runner.run(calculator, 'How much is 2 + 3?', { stream: true });
    const { texts, items } = await readAll(result);
    expect(items).toEqual(['reasoning_item_created', 'tool_called', 'tool_output', 'message_output_created']);
    expect(texts.join('')).toBe('It is 5.');
    expect(result.finalOutput).toBe('It is 5.');
    await expectToolResultSent();
  });

  async function expectToolResultSent(): Promise<void> {
    expect((await bench.upstream.request(1)).body.messages.slice(2)).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'add', arguments: '{"a":2,"b":3}' } }] },
      { role: 'tool', tool_call_id: 'call_1', content: '5' },
    ]);
  }

  it('gives the agent an output of its own type', async () => {
    bench.upstream.always(scriptCompletion(ULM));
    const surveyor = new Agent({ name: 'Surveyor', model: 'chat', outputType: City });
    expect((await runner.run(surveyor, 'Hello')).finalOutput).toEqual(ULM);
    const streamed = await runner.run(surveyor, 'Hello', { stream: true });
    await streamed.completed;
    expect(streamed.finalOutput).toEqual(ULM);
    expect((await bench.upstream.request(1)).body.response_format).toMatchObject({
      type: 'json_schema',
      json_schema: { strict: true, schema: { required: ['city', 'population'] } },
    });
  });

  it('shows reasoning apart from the text', async () => {
    bench.upstream.always(scriptCompletion(REPLY));
    const thinker = chat.clone({ model: 'reasoning' });
    const whole = await runner.run(thinker, 'Hello');
    const streamed = await runner.run(thinker, 'Hello', { stream: true });
    await streamed.completed;
    for (const { finalOutput, newItems } of [whole, streamed]) {
      expect(finalOutput).toBe(REPLY.reply);
      expect(newItems.map(({ rawItem }) => rawItem)).toMatchObject([
        { type: 'reasoning', rawContent: [{ type: 'reasoning_text', text: REPLY.thinking }] },
        { type: 'message', content: [{ type: 'output_text', text: REPLY.reply }] },
      ]);
    }
  });

  it('gets errors before the response begins, with their status and code', async () => {
    const lost = chat.clone({ model: 'nope' });
    expect(await catchRejection(runner.run(lost, 'Hello'))).toBeInstanceOf(OpenAI.NotFoundError);
    bench.upstream.next(steps.httpError(429, steps.errorBody('slow')));
    const result = await runner.run(chat, 'Hello', { stream: true });
    const error = await catchRejection(readAll(result));
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
  });

  it('gets the text so far, and then the error, in a stream', async () => {
    bench.upstream.next([steps.role(), steps.text('So far'), steps.chunk(steps.errorBody('boom'))]);
    const result = await runner.run(chat, 'Hello', { stream: true });
    const texts: string[] = [];
    const error = await catchRejection(
      (async () => {
        for await (const event of result) texts.push(...readText(event));
      })(),
    );
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ code: 'upstream_error' });
    expect(texts.join('')).toBe('So far');
  });

  it('stops the upstream by its signal, in a stream and before a response, and continues', async () => {
    bench.upstream.always([steps.role(), steps.text('One'), steps.stall()]);
    const leavingStream = new AbortController();
    const result = await runner.run(chat, 'Hello', { stream: true, signal: leavingStream.signal });
    for await (const event of result) if (readText(event).length > 0) leavingStream.abort();
    expect(result.cancelled).toBe(true);
    expect(await (await bench.upstream.request(0)).closed).toBe('aborted');

    const leaving = new AbortController();
    const running = catchRejection(runner.run(chat, 'Hello', { signal: leaving.signal }));
    const asked = await bench.upstream.request(1);
    leaving.abort();
    expect(await running).toBeInstanceOf(OpenAI.APIUserAbortError);
    expect(await asked.closed).toBe('aborted');

    bench.upstream.always(scriptStream('Hello again.'));
    expect((await runner.run(chat, 'Hello')).finalOutput).toBe('Hello again.');
  });
});

function readText(event: RunStreamEvent): string[] {
  return event.type === 'raw_model_stream_event' && event.data.type === 'output_text_delta' ? [event.data.delta] : [];
}

/** The pieces of text of a streamed run, and the names of its items. */
async function readAll(result: AsyncIterable<RunStreamEvent>): Promise<{ texts: string[]; items: string[] }> {
  const texts: string[] = [];
  const items: string[] = [];
  for await (const event of result) {
    texts.push(...readText(event));
    if (event.type === 'run_item_stream_event') items.push(event.name);
  }
  return { texts, items };
}
