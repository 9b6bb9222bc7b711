import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createOpenAI } from '@ai-sdk/openai';
import * as ai from 'ai';
import { createOpenAI as createOpenAIv5 } from 'ai-openai-v5';
import { createOpenAI as createOpenAIv7 } from 'ai-openai-v7';
import * as aiV5 from 'ai-v5';
import * as aiV7 from 'ai-v7';
import { z } from 'zod';
import { City, REPLY, ULM } from '../fixtures/structured-outputs.js';
import { Bench } from '../support/bench.js';
import { BodyWatch } from '../support/conversations.js';
import { NetworkWatch } from '../support/network-watch.js';
import { catchRejection } from '../support/checks.js';
import { scriptCompletion, scriptStream, scriptToolCalls, steps, tokens } from '../support/upstream/index.js';

const prompt = 'Hello';
/** The versions of the SDK. The parts used here are the same in all three, so the types are those of version 6. */
const VERSIONS = [
  ['5', aiV5 as unknown as typeof ai, createOpenAIv5 as unknown as typeof createOpenAI],
  ['6', ai, createOpenAI],
  ['7', aiV7 as unknown as typeof ai, createOpenAIv7 as unknown as typeof createOpenAI],
] as const;

describe.each(VERSIONS)('the Vercel AI SDK %s as a client of responses', (version, sdk, connect) => {
  const add = sdk.tool({
    description: 'Adds two numbers',
    inputSchema: z.object({ a: z.number(), b: z.number() }),
    execute: ({ a, b }) => a + b,
  });
  let network: NetworkWatch;
  let bench: Bench;
  let openai: ReturnType<typeof createOpenAI>;
  beforeEach(async () => {
    network = NetworkWatch.start();
    bench = await Bench.start();
    openai = connect({ baseURL: bench.app.baseUrl, apiKey: 'any' });
  });
  afterEach(async () => {
    await bench.close();
    network.stop();
  });

  it('generates text with usage', async () => {
    bench.upstream.next(scriptStream('Hello there.', { usage: tokens(3, 4) }));
    const result = await sdk.generateText({ model: openai('chat'), prompt, maxRetries: 0 });
    expect(result.text).toBe('Hello there.');
    expect(result.finishReason).toBe('stop');
    expect(result.usage).toMatchObject({ inputTokens: 3, outputTokens: 4 });
  });

  it('streams text over two steps', async () => {
    bench.upstream.next(scriptStream('Hello there.')).next(scriptCompletion(REPLY));
    const result = sdk.streamText({ model: openai.responses('streaming'), prompt, maxRetries: 0 });
    expect(await result.text).toBe(`Hello there.\n\n${JSON.stringify(REPLY)}`);
    expect(await result.finishReason).toBe('stop');
    expect((await result.usage).inputTokens).toBe(20);
  });

  it('answers what a workflow waits for by a tool of its own', async () => {
    bench.upstream.next(scriptStream('A draft.')).next(scriptStream('It goes out.'));
    const execute = ({ draft }: { draft: string }) => ({ approved: true, comment: `I have read: ${draft}` });
    const approve = sdk.tool({ inputSchema: z.object({ draft: z.string() }), execute });
    const question = { model: openai('approval'), tools: { approve }, stopWhen: sdk.stepCountIs(3), maxRetries: 0 };
    const { steps: told, text } = await sdk.generateText({ ...question, prompt });
    expect(told.map((step) => step.text)).toEqual(['A draft.', 'It goes out.']);
    expect(text).toBe('It goes out.');
  });

  it('shows reasoning apart from the text', async () => {
    bench.upstream.next(scriptCompletion(REPLY));
    const result = sdk.streamText({ model: openai('reasoning'), prompt, maxRetries: 0 });
    expect(await result.text).toBe(REPLY.reply);
    expect(await result.reasoningText).toBe(REPLY.thinking);
  });

  it('generates an object by a schema', async () => {
    bench.upstream.next(scriptCompletion(ULM));
    const question = { model: openai('chat'), prompt, maxRetries: 0 };
    expect((await sdk.generateObject({ ...question, schema: City })).object).toEqual(ULM);
    expect((await bench.upstream.request(0)).body['response_format']).toMatchObject({ type: 'json_schema' });
  });

  it('gets errors before the response begins', async () => {
    bench.upstream.next(steps.httpError(500, steps.errorBody('down')));
    const failure = await catchRejection(sdk.generateText({ model: openai('chat'), prompt, maxRetries: 0 }));
    expect(failure).toMatchObject({ statusCode: 502, message: 'The model provider failed.' });
    expect(await catchRejection(sdk.generateText({ model: openai('nope'), prompt, maxRetries: 0 }))).toMatchObject({
      statusCode: 404,
    });
  });

  it('gets the text so far, and then the error with its words', async () => {
    bench.upstream.next([steps.role(), steps.text('Once upon'), steps.reset()]);
    const errors: unknown[] = [];
    const result = sdk.streamText({
      model: openai('chat'),
      prompt,
      maxRetries: 0,
      onError: ({ error }) => void errors.push(error),
    });
    let said = '';
    for await (const part of result.textStream) said += part;
    expect(said).toBe('Once upon');
    expect(errors).toHaveLength(1);
    expect(JSON.stringify(errors[0])).toContain('model provider broke');
  });

  it('refers to the items of earlier turns, through a loop with a tool', async () => {
    const sent = new BodyWatch(bench.app.nest.getHttpServer());
    bench.upstream
      .next([steps.reasoning('I need to add.'), ...scriptToolCalls('call_1', 'add', { a: 2, b: 3 })])
      .next(scriptStream('It is 5.'))
      .next(scriptStream('It was 5.'));
    const question = { model: openai('chat'), tools: { add }, stopWhen: sdk.stepCountIs(2) };
    const messages: ai.ModelMessage[] = [{ role: 'user', content: 'How much is 2 + 3?' }];
    const first = sdk.streamText({ ...question, messages });
    expect(await first.text).toBe('It is 5.');
    const [calling] = await first.steps;
    expect(calling?.reasoningText).toBe('I need to add.');
    expect(calling?.toolResults).toMatchObject([{ toolCallId: 'call_1', output: 5 }]);
    messages.push(...(await readMessages(first)), { role: 'user', content: 'What was it?' });
    expect((await sdk.generateText({ ...question, messages })).text).toBe('It was 5.');
    sent.expectFixture(`ai-sdk-${version}`);
    expect((await bench.upstream.request(2)).body['messages']).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'add', arguments: '{"a":2,"b":3}' } }] },
      { role: 'tool', tool_call_id: 'call_1', content: '5' },
      { role: 'assistant', content: 'It is 5.' },
      { role: 'user' },
    ]);
  });
});

/** The messages that a loop has added to the conversation; version 7 has another name for them. */
async function readMessages(result: {
  readonly response: PromiseLike<{ readonly messages: ai.ModelMessage[] }>;
}): Promise<ai.ModelMessage[]> {
  const { responseMessages } = result as { readonly responseMessages?: PromiseLike<ai.ModelMessage[]> };
  return responseMessages === undefined ? (await result.response).messages : responseMessages;
}
