import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { assertCompletion, readChunks, readContent, readReasoning } from '../support/chunks.js';
import { scriptCompletion, scriptStream, tokens } from '../support/upstream/scripts.js';
import { done, finish, reasoning, role, text } from '../support/upstream/steps.js';
import { assertValidCompletion } from '../support/wire-schema.js';

const REPLY = { thinking: 'They greet "me" 🙂.', reply: 'Hello to you,\nfriend — again.' };

describe('one completion per run', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  it('streams one message over two steps: one id, role, finish reason and [DONE]', async () => {
    bench.upstream.next(scriptStream('Hello there, friend.')).next(scriptCompletion(REPLY));
    const stream = await bench.open({ model: 'streaming' });
    const items = await stream.collect();
    assertCompletion(items, {
      model: 'streaming',
      content: `Hello there, friend.\n\n${JSON.stringify(REPLY)}`,
      finish: 'stop',
    });
  });

  it('echoes the alias that was asked for', async () => {
    bench.upstream.next(scriptStream('Hi')).next(scriptCompletion(REPLY));
    const stream = await bench.open({ model: 'default' });
    assertCompletion(await stream.collect(), { model: 'default' });
  });

  it('sums usage over both calls and sends it when it is asked for', async () => {
    const details = { completion_tokens_details: { reasoning_tokens: 3 } };
    bench.upstream
      .next(scriptStream('Hello there.', { usage: tokens(11, 2, details), usagePlace: 'every-chunk' }))
      .next(scriptCompletion(REPLY, { usage: tokens(30, 7, details), usagePlace: 'finish-chunk' }));
    const stream = await bench.open({ model: 'streaming', stream_options: { include_usage: true } });
    assertCompletion(await stream.collect(), {
      includeUsage: true,
      usage: {
        prompt_tokens: 41,
        completion_tokens: 9,
        total_tokens: 50,
        completion_tokens_details: { reasoning_tokens: 6 },
      },
    });
  });

  it('gives the same completion as one JSON object without streaming', async () => {
    bench.upstream
      .next(scriptStream('Hello there.', { usage: tokens(11, 2) }))
      .next(scriptCompletion(REPLY, { usage: tokens(30, 7) }));
    const { status, headers, json } = await bench.ask({ model: 'streaming' });
    assertValidCompletion(json);
    expect(status).toBe(200);
    expect(headers['content-type']).toContain('application/json');
    expect(headers['x-request-id']).toMatch(/^req_/);
    expect(json).toMatchObject({
      object: 'chat.completion',
      model: 'streaming',
      choices: [
        {
          message: { role: 'assistant', content: `Hello there.\n\n${JSON.stringify(REPLY)}`, refusal: null },
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 41, completion_tokens: 9, total_tokens: 50 },
    });
  });

  it("gives the second node the text of the first, in one system message with its instructions and the client's", async () => {
    bench.upstream.next(scriptStream('A first answer.')).next(scriptCompletion(REPLY));
    const history = [
      { role: 'developer', content: 'Be kind.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
        ],
      },
    ];
    await bench.ask({ model: 'streaming', messages: history });
    const [first, second] = bench.upstream.requests;
    for (const { body } of [first, second].filter((request) => request !== undefined)) {
      expect(body.messages.map(({ role }) => role)).toEqual(['system', 'user']);
      expect(body.messages[0]?.content).toMatch(/\n\nBe kind\.$/);
      expect(body.messages[1]).toEqual(history[1]);
    }
    expect(second?.body.messages[0]?.content).toContain('A first answer.');
    expect(second?.body.response_format).toMatchObject({
      type: 'json_schema',
      json_schema: { strict: true, schema: { required: ['thinking', 'reply'] } },
    });
  });

  it('streams the fields of a structured output in their channels', async () => {
    bench.upstream.next(scriptCompletion(REPLY));
    const stream = await bench.open({ model: 'reasoning' });
    const items = await stream.collect();
    assertCompletion(items, { content: REPLY.reply, reasoning: REPLY.thinking, finish: 'stop' });
    const mixed = readChunks(items).filter(
      ({ choices }) => choices[0]?.delta.reasoning_content && choices[0].delta.content,
    );
    expect(mixed).toEqual([]);
  });

  it('gives the channels without streaming, too', async () => {
    bench.upstream.next(scriptCompletion(REPLY));
    const { json } = await bench.ask({ model: 'reasoning' });
    expect(json).toMatchObject({
      choices: [{ message: { content: REPLY.reply, reasoning_content: REPLY.thinking, reasoning: REPLY.thinking } }],
    });
  });

  it("forwards the client's parameters unchanged, zero and empty ones too", async () => {
    bench.upstream.next(scriptStream('ok'));
    const parameters = { temperature: 0, top_p: 0, stop: '', seed: 0, max_completion_tokens: 5, top_k: 7, user: '' };
    await bench.ask({ ...parameters, presence_penalty: null });
    const { body } = await bench.upstream.request(0);
    expect(body).toMatchObject(parameters);
    expect(body).not.toHaveProperty('presence_penalty');
    expect(body).toMatchObject({ model: 'gpt-5.4-mini', stream: true, stream_options: { include_usage: true } });
  });

  it('ends with the worst finish reason of the visible nodes', async () => {
    bench.upstream.next(scriptStream('cut', { finish: 'length' })).next(scriptCompletion(REPLY));
    const stream = await bench.open({ model: 'streaming' });
    assertCompletion(await stream.collect(), { finish: 'length' });
  });

  it('passes on a structured output that was cut off as it is, and starts no further node', async () => {
    bench.upstream.next(scriptStream('{"thinking":"I was', { finish: 'length' }));
    const stream = await bench.open({ model: 'reasoning' });
    const items = await stream.collect();
    assertCompletion(items, { reasoning: 'I was', finish: 'length' });
    expect(readContent(items)).toBe('');
  });

  it('keeps reasoning of the upstream out of the content', async () => {
    bench.upstream.next([
      role(),
      reasoning('Hm, '),
      reasoning('yes.', 'reasoning'),
      text('Yes!'),
      finish('stop'),
      done(),
    ]);
    const stream = await bench.open();
    const items = await stream.collect();
    assertCompletion(items, { content: 'Yes!' });
    expect(readReasoning(items)).toBe('Hm, yes.');
  });
});
