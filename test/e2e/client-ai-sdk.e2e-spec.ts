import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText, streamText } from 'ai';
import {
  Bench,
  delay,
  errorBody,
  httpError,
  jsonAnswer,
  reset,
  role,
  stall,
  streamOf,
  text,
  tokens,
} from '../support/index.js';

const prompt = 'Hello';
const REPLY = { thinking: 'Let me think.', reply: 'Hello 🙂' };

describe('the Vercel AI SDK as a client', () => {
  let bench: Bench;
  let model: (id: string) => ReturnType<ReturnType<typeof createOpenAICompatible>>;
  beforeEach(async () => {
    bench = await Bench.start();
    const provider = createOpenAICompatible({ name: 'millrace', baseURL: bench.app.baseUrl, includeUsage: true });
    model = (id) => provider(id);
  });
  afterEach(() => bench.close());

  it('generates text with usage', async () => {
    bench.upstream.next(streamOf('Hello there.', { usage: tokens(3, 4) }));
    const result = await generateText({ model: model('chat'), prompt, maxRetries: 0 });
    expect(result.text).toBe('Hello there.');
    expect(result.finishReason).toBe('stop');
    expect(result.usage).toMatchObject({ inputTokens: 3, outputTokens: 4 });
  });

  it('streams text over two nodes', async () => {
    bench.upstream.next(streamOf('Hello there.')).next(jsonAnswer(REPLY));
    const result = streamText({ model: model('streaming'), prompt, maxRetries: 0 });
    expect(await result.text).toBe(`Hello there.\n\n${JSON.stringify(REPLY)}`);
    expect(await result.finishReason).toBe('stop');
    expect((await result.usage).inputTokens).toBe(20);
  });

  it('shows reasoning apart from the text', async () => {
    bench.upstream.next(jsonAnswer(REPLY));
    const result = streamText({ model: model('reasoning'), prompt, maxRetries: 0 });
    expect(await result.text).toBe(REPLY.reply);
    expect(await result.reasoningText).toBe(REPLY.thinking);
  });

  it('gets errors before the stream and in it', async () => {
    bench.upstream.next(httpError(500, errorBody('down')));
    await expect(generateText({ model: model('chat'), prompt, maxRetries: 0 })).rejects.toBeInstanceOf(APICallError);

    bench.upstream.next([role(), text('So far'), delay(20), reset()]);
    const parts: string[] = [];
    let error: unknown;
    const result = streamText({
      model: model('chat'),
      prompt,
      maxRetries: 0,
      onError: (event) => void (error = event.error),
    });
    for await (const part of result.textStream) parts.push(part);
    expect(parts.join('')).toBe('So far');
    expect(error).toBeDefined();
  });

  it('stops the upstream by its abort signal', async () => {
    bench.upstream.next([role(), text('One'), stall()]);
    const leaving = new AbortController();
    const result = streamText({ model: model('chat'), prompt, maxRetries: 0, abortSignal: leaving.signal });
    for await (const _ of result.textStream) leaving.abort();
    expect(await (await bench.upstream.request(0)).closed).toBe('aborted');
  });
});
