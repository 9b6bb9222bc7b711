import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import { z } from 'zod';
import { Bench } from '../support/bench.js';
import { errorBody, httpError, scriptCompletion, scriptStream, steps, tokens } from '../support/upstream/index.js';

const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hello' }];
const REPLY = { thinking: 'Hm.', reply: 'Hello 🙂' };

describe('the openai SDK as a client', () => {
  let bench: Bench;
  let client: OpenAI;
  beforeEach(async () => {
    bench = await Bench.start();
    client = new OpenAI({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 0 });
  });
  afterEach(() => bench.close());

  it('creates a completion', async () => {
    bench.upstream.next(scriptStream('Hello there.', { usage: tokens(3, 4) }));
    const completion = await client.chat.completions.create({ model: 'chat', messages });
    expect(completion.choices[0]?.message.content).toBe('Hello there.');
    expect(completion.usage?.total_tokens).toBe(7);
    expect(completion._request_id).toMatch(/^req_/);
  });

  it('iterates a stream over two steps, with usage', async () => {
    bench.upstream.next(scriptStream('Hello there.')).next(scriptCompletion(REPLY));
    const stream = await client.chat.completions.create({
      model: 'streaming',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    let content = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      content += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage;
    }
    expect(content).toBe(`Hello there.\n\n${JSON.stringify(REPLY)}`);
    expect(usage?.prompt_tokens).toBe(20);
  });

  it('follows the .stream() helper to its final completion', async () => {
    bench.upstream.next(scriptStream('Hello there, you.'));
    const deltas: string[] = [];
    const stream = client.chat.completions
      .stream({ model: 'chat', messages })
      .on('content', (delta) => deltas.push(delta));
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]?.message.content).toBe('Hello there, you.');
    expect(final.choices[0]?.finish_reason).toBe('stop');
    expect(deltas.join('')).toBe('Hello there, you.');
  });

  it('answers what a workflow waits for by the loop that runs its tools', async () => {
    bench.upstream.next(scriptStream('A draft.')).next(scriptStream('It goes out.'));
    const shown: unknown[] = [];
    const approve = {
      type: 'function' as const,
      function: {
        name: 'approve',
        description: 'Asks me',
        parameters: { type: 'object' },
        parse: (json: string): unknown => JSON.parse(json),
        function: (draft: unknown) => {
          shown.push(draft);
          return { approved: true };
        },
      },
    };
    const runner = client.chat.completions.runTools({ model: 'approval', messages, stream: true, tools: [approve] });
    expect(await runner.finalContent()).toBe('It goes out.');
    expect(shown).toEqual([{ draft: 'A draft.' }]);
  });

  it('parses an output by a schema of its own', async () => {
    const schema = z.object({ city: z.string(), population: z.number() });
    bench.upstream.next(scriptCompletion({ city: 'Ulm', population: 126_000 }));
    const completion = await client.chat.completions.parse({
      model: 'chat',
      messages,
      response_format: zodResponseFormat(schema, 'city'),
    });
    expect(completion.choices[0]?.message.parsed).toEqual({ city: 'Ulm', population: 126_000 });
    const { body } = await bench.upstream.request(0);
    expect(body.response_format).toMatchObject({ type: 'json_schema', json_schema: { name: 'city', strict: true } });
  });

  it('parses a stream by a schema, and gets a refusal', async () => {
    const response_format = zodResponseFormat(z.object({ ok: z.boolean() }), 'ok');
    bench.upstream
      .next(scriptCompletion({ ok: true }))
      .next([steps.role(), steps.refusal('I can'), steps.refusal('not.'), steps.finish('stop'), steps.done()]);
    const parsed = await client.chat.completions
      .stream({ model: 'chat', messages, response_format })
      .finalChatCompletion();
    expect(parsed.choices[0]?.message.parsed).toEqual({ ok: true });
    const refused = await client.chat.completions.parse({ model: 'chat', messages, response_format });
    expect(refused.choices[0]?.message).toMatchObject({ refusal: 'I cannot.', parsed: null });
  });

  it('runs its own tools through the server', async () => {
    bench.upstream
      .next([
        steps.role(null),
        steps.toolCall({ index: 0, id: 'call_1', name: 'add', arguments: '' }),
        steps.toolCall({ index: 0, arguments: '{"a":2,' }),
        steps.toolCall({ index: 0, arguments: '"b":3}' }),
        steps.finish('tool_calls'),
        steps.done(),
      ])
      .next(scriptStream('It is 5.'));
    const runner = client.chat.completions.runTools({
      model: 'chat',
      stream: true,
      messages,
      tools: [
        {
          type: 'function',
          function: {
            name: 'add',
            description: 'Adds',
            parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } },
            parse: JSON.parse,
            function: ({ a, b }: { a: number; b: number }) => String(a + b),
          },
        },
      ],
    });
    expect(await runner.finalContent()).toBe('It is 5.');
    const second = await bench.upstream.request(1);
    expect(second.body.messages.at(-1)).toMatchObject({ role: 'tool', tool_call_id: 'call_1', content: '5' });
  });

  it('gets typed errors before the stream', async () => {
    await expect(client.chat.completions.create({ model: 'nope', messages })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
    });
    await expect(client.chat.completions.create({ model: 'chat', messages: [] })).rejects.toBeInstanceOf(
      OpenAI.BadRequestError,
    );
    bench.upstream.next(httpError(429, errorBody('slow'), { 'retry-after': '1' }));
    await expect(client.chat.completions.create({ model: 'chat', messages, stream: true })).rejects.toBeInstanceOf(
      OpenAI.RateLimitError,
    );
  });

  it('gets the text so far, and then the error of a stream', async () => {
    bench.upstream.next([steps.role(), steps.text('So far'), steps.delay(20), steps.reset()]);
    const stream = await client.chat.completions.create({ model: 'chat', messages, stream: true });
    let content = '';
    const reading = (async () => {
      for await (const chunk of stream) content += chunk.choices[0]?.delta.content ?? '';
    })();
    await expect(reading).rejects.toMatchObject({ code: 'upstream_connection_lost', type: 'server_error' });
    expect(content).toBe('So far');
  });

  it('learns which step failed, before the stream and in it', async () => {
    const error = { millrace: { node: 'TextStreamingNode' } };
    bench.upstream.next(httpError(400, errorBody('no')));
    await expect(client.chat.completions.create({ model: 'streaming', messages })).rejects.toMatchObject({
      status: 400,
      error,
    });
    bench.upstream.next([steps.role(), steps.text('So far'), steps.delay(20), steps.reset()]);
    const stream = await client.chat.completions.create({ model: 'streaming', messages, stream: true });
    const reading = (async () => {
      for await (const { id } of stream) expect(id).not.toBe('');
    })();
    await expect(reading).rejects.toMatchObject({ code: 'upstream_connection_lost', error });
  });

  it('stops the upstream by leaving the loop', async () => {
    bench.upstream.next([steps.role(), steps.text('One'), steps.stall()]);
    const stream = await client.chat.completions.create({ model: 'chat', messages, stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    expect(await (await bench.upstream.request(0)).closed).toBe('aborted');
  });

  it('lists and retrieves models', async () => {
    const ids: string[] = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toContain('streaming');
    expect((await client.models.retrieve('chat')).id).toBe('chat');
    await expect(client.models.retrieve('nope')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it('gets an error that says that a body is too large, not a broken connection', async () => {
    const content = 'x'.repeat(12 * 1024 * 1024);
    await expect(
      client.chat.completions.create({ model: 'chat', messages: [{ role: 'user', content }] }),
    ).rejects.toMatchObject({ status: 413 });
  });
});
