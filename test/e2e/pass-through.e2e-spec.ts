import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { assertCompletion, readChunks, readToolCalls } from '../support/chunks.js';
import { scriptCompletion, scriptStream, tokens } from '../support/upstream/scripts.js';
import { delta, done, finish, reasoning, refusal, role, style, text, toolCall } from '../support/upstream/steps.js';
import { assertValidCompletion } from '../support/wire-schema.js';

const logprob = (token: string): object => ({ token, logprob: -0.1, bytes: null, top_logprobs: [] });

describe('data beside the text of the upstream reaches the client', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());
  const stream = async (body: object) => (await bench.open(body)).collect();
  const complete = async (body: object = {}) => {
    const { json } = await bench.ask(body);
    assertValidCompletion(json);
    return json;
  };

  it('log probabilities of each piece, joined where pieces are joined', async () => {
    const script = [
      role(),
      text('Hel', { logprobs: { content: [logprob('Hel')], refusal: null } }),
      text('lo', { logprobs: { content: [logprob('lo')], refusal: null } }),
      finish('stop'),
      done(),
    ];
    bench.upstream.next(script).next(script);
    const chunks = readChunks(await stream({ logprobs: true }));
    expect(chunks.flatMap(({ choices }) => choices[0]?.logprobs?.content ?? []).map(({ token }) => token)).toEqual([
      'Hel',
      'lo',
    ]);
    const json = await complete({ logprobs: true });
    expect(json.choices[0]?.logprobs?.content?.map(({ token }) => token)).toEqual(['Hel', 'lo']);
  });

  it('a refusal, apart from the content', async () => {
    const script = [role(), refusal('I can'), refusal('not.'), finish('stop'), done()];
    bench.upstream.next(script).next(script);
    assertCompletion(await stream({}), { refusal: 'I cannot.', content: '', finish: 'stop' });
    expect((await complete()).choices[0]?.message).toMatchObject({ content: null, refusal: 'I cannot.' });
  });

  it('a refusal of a structured node, without an error', async () => {
    bench.upstream.next([role(), refusal('No.'), finish('stop'), done()]);
    assertCompletion(await stream({ model: 'reasoning' }), { refusal: 'No.', finish: 'stop' });
  });

  it('the build and the tier that answered, in all chunks', async () => {
    const envelope = { system_fingerprint: 'fp_1', service_tier: 'flex' };
    const script = [style({ envelope }), ...scriptStream('Hello there')];
    bench.upstream.next(script).next(script);
    for (const chunk of readChunks(await stream({}))) expect(chunk).toMatchObject(envelope);
    expect(await complete()).toMatchObject(envelope);
  });

  it('details of the usage, added up by name', async () => {
    const details = (n: number) => ({
      prompt_tokens_details: { cached_tokens: n },
      completion_tokens_details: { reasoning_tokens: n, audio_tokens: 0 },
    });
    bench.upstream
      .next(scriptStream('Hi', { usage: tokens(10, 5, details(1)) }))
      .next(scriptCompletion({ thinking: 'a', reply: 'b' }, { usage: tokens(20, 6, details(2)) }));
    expect((await complete({ model: 'streaming' })).usage).toMatchObject({ total_tokens: 41, ...details(3) });
  });

  it('no usage where the upstream tells none, rather than zeros', async () => {
    bench.upstream.next(scriptStream('Hi', { usagePlace: 'never' }));
    expect(await complete()).not.toHaveProperty('usage');
  });

  it.each(['stop', 'length', 'content_filter'])('the finish reason %s', async (reason) => {
    bench.upstream.next(scriptStream('Hi', { finish: reason }));
    assertCompletion(await stream({}), { finish: reason });
  });

  it('reasoning under both of its names, never in the content, in order', async () => {
    bench.upstream.next([
      role(),
      reasoning('a', 'reasoning'),
      text('b'),
      reasoning('c'),
      text('d'),
      finish('stop'),
      done(),
    ]);
    const items = await stream({});
    assertCompletion(items, { reasoning: 'ac', content: 'bd' });
    const order = readChunks(items).map(({ choices }) => choices[0]?.delta);
    expect(
      order
        .map((piece) => piece?.reasoning_content ?? piece?.content)
        .filter(Boolean)
        .join(''),
    ).toBe('abcd');
    for (const piece of order) expect(piece?.reasoning).toBe(piece?.reasoning_content);
  });

  it("calls of the client's tools: id, type and name once, indexes from 0 without gaps, arguments whole", async () => {
    const script = [
      role(null),
      toolCall({ index: 1, id: 'call_a', name: 'f', arguments: '{"x":' }),
      toolCall({ index: 1, id: 'call_a', name: 'f', arguments: '"ü😀"}' }),
      delta({ tool_calls: [{ id: 'call_b', type: 'function', function: { name: 'g', arguments: '{}' } }] }),
      finish('tool_calls'),
      done(),
    ];
    bench.upstream.next(script).next(script);
    const tools = ['f', 'g'].map((name) => ({ type: 'function', function: { name } }));
    const items = await stream({ tools });
    assertCompletion(items, { finish: 'tool_calls', content: '' });
    expect(readToolCalls(items)).toMatchObject([
      { id: 'call_a', name: 'f', arguments: '{"x":"ü😀"}' },
      { id: 'call_b', name: 'g', arguments: '{}' },
    ]);
    const pieces = readChunks(items).flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? []);
    expect(pieces.filter(({ id }) => id !== undefined)).toHaveLength(2);
    expect(new Set(pieces.map(({ index }) => index))).toEqual(new Set([0, 1]));
    expect((await complete({ tools })).choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: null, tool_calls: [{ id: 'call_a' }, { id: 'call_b', function: { name: 'g' } }] },
    });
  });
});

describe('the request of the client reaches OpenAI unchanged', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start({ env: { OPENAI_MESSAGES: 'openai' } });
  });
  afterEach(() => bench.close());

  it('every role and part, in order', async () => {
    bench.upstream.next(scriptStream('ok'));
    const messages = [
      { role: 'developer', content: [{ type: 'text', text: 'Be kind', prompt_cache_breakpoint: {} }] },
      { role: 'system', content: 'Be brief', name: 'boss' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
          { type: 'file', file: { file_id: 'file-1' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: '5' }] },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'No' }] },
      { role: 'assistant', content: '', refusal: null },
      { role: 'function', name: 'f', content: null },
      { role: 'user', content: 'nul \u0000 separator \u2028 half \ud83d emoji 😀' },
    ];
    expect((await bench.ask({ messages })).status).toBe(200);
    expect((await bench.upstream.request(0)).body.messages).toEqual(messages);
  });
});
