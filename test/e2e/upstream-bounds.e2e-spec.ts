import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { Bench, TestApp } from '../support/bench.js';
import { assertErrorEnded, assertValidError } from '../support/checks.js';
import { getJson, HELLO, postJson } from '../support/client.js';
import { type Script, scriptStream, type Step, steps } from '../support/upstream/index.js';

const MIB = 1024 * 1024;
/** Longer than the script: its remaining steps find the connection closed. */
const EVER: readonly Step[] = [steps.finish('stop'), steps.done(), steps.end()];
const times = (count: number, make: (index: number) => Step): readonly Step[] =>
  Array.from({ length: count }, (_, i) => make(i));

describe('the output of a model call is bounded', () => {
  let bench: Bench;
  afterEach(() => bench.close());
  const start = async (env: Readonly<Record<string, string>> = {}): Promise<void> => {
    bench = await Bench.start({ env });
  };
  const ask = (script: Script): ReturnType<typeof postJson> => {
    bench.upstream.next(script);
    return bench.ask();
  };
  /** Sends a request without streaming. */
  const readError = async (script: Script): Promise<unknown> => {
    const { status, json } = await ask(script);
    assertValidError(json);
    return [status, json.error.code];
  };
  const TOO_LARGE = [502, 'upstream_answer_too_large'];

  it('by 8 MiB with default settings: an endless stream ends in an error, and the model is left', async () => {
    await start();
    bench.upstream.next([steps.role(), steps.flood({ bytes: 60 * MIB }), ...EVER]);
    const stream = await bench.open();
    const items = await stream.collect({ within: 30_000 });
    expect(assertErrorEnded(items)).toMatchObject({ code: 'upstream_answer_too_large', type: 'server_error' });
    const received = items.reduce((sum, item) => sum + (item.kind === 'data' ? item.data.length : 0), 0);
    expect(received).toBeGreaterThan(7 * MIB);
    expect(received).toBeLessThan(12 * MIB);
    const request = await bench.upstream.request(0);
    expect(await request.closed).toBe('aborted');
    expect(request.bytesWritten).toBeLessThan(24 * MIB);
  }, 60_000);

  it('for clients that do not stream, too', async () => {
    await start();
    expect(await readError([steps.role(), steps.flood({ bytes: 60 * MIB }), ...EVER])).toEqual(TOO_LARGE);
    expect(await (await bench.upstream.request(0)).closed).toBe('aborted');
    expect((await ask(scriptStream('Well.'))).status).toBe(200);
  }, 60_000);

  it.each<[string, readonly Step[]]>([
    ['text', times(70, () => steps.text('x'.repeat(1_000)))],
    ['reasoning', times(70, () => steps.reasoning('x'.repeat(1_000)))],
    [
      'arguments of tools',
      times(70, () => steps.toolCall({ index: 0, id: 'a', name: 'f', arguments: ' '.repeat(1_000) })),
    ],
    [
      'names of tools',
      times(70, (index) => steps.toolCall({ index, id: `${index}`, name: 'f'.repeat(1_000), arguments: '' })),
    ],
    [
      'everything together',
      times(35, () => steps.delta({ content: 'x'.repeat(1_000), reasoning_content: 'y'.repeat(1_000) })),
    ],
    [
      'log probabilities',
      times(300, () => steps.text('x', { logprobs: { content: [{ token: 'x', note: 'y'.repeat(1_000) }] } })),
    ],
    ['parts of a content', [steps.delta({ content: Array.from({ length: 70_000 }, () => 'x') })]],
  ])('counts %s', async (_, script) => {
    await start({ UPSTREAM_ANSWER_LIMIT: '64kb' });
    expect(await readError([steps.role(), ...script, ...EVER])).toEqual(TOO_LARGE);
  });

  it.each([
    ['a line that does not end', `data: ${'x'.repeat(300_000)}`],
    ['an event that does not end', 'data: x\n'.repeat(100_000)],
    ['an event that is too large', `data: {"x":"${'y'.repeat(300_000)}"}\n\n`],
  ])('stops %s', async (_, bytes) => {
    await start({ UPSTREAM_ANSWER_LIMIT: '64kb' });
    expect(await readError([steps.raw(bytes), ...EVER])).toEqual(TOO_LARGE);
  });

  const LOGPROBS = (list: string): Step =>
    steps.raw(`data: {"choices":[{"delta":{"content":"x"},"logprobs":{"content":[${list}]}}]}\n\n`);
  const makeList = (count: number, value: string): string => `${value},`.repeat(count).slice(0, -1);

  it.each<[string, readonly Step[], unknown]>([
    // 32 MB of text, which need 600 MB of memory.
    ['log probabilities of millions of empty objects', times(300, () => LOGPROBS(makeList(36_000, '{}'))), TOO_LARGE],
    ['too many of them in one event', [LOGPROBS(makeList(300_000, '{}'))], [502, 'upstream_bad_answer']],
    [
      'too many parts of a content',
      [steps.delta({ content: makeList(900_000, 'a').split(',') })],
      [502, 'upstream_bad_answer'],
    ],
    ['millions of empty lines of data', times(100, () => steps.raw('data:\n'.repeat(100_000))), TOO_LARGE],
    [
      'short lines of data that keep long comments',
      times(600, () => steps.raw(`data: 0123456789012\n:${'x'.repeat(60_000)}\n`)),
      TOO_LARGE,
    ],
  ])(
    'counts what is held in memory, with default settings: %s',
    async (_, script, error) => {
      await start();
      expect(await readError([steps.role(), ...script, ...EVER])).toEqual(error);
    },
    60_000,
  );

  it('takes log probabilities with 20 alternatives for thousands of tokens', async () => {
    await start();
    const alternative = { token: ' token', logprob: -12.345678, bytes: [32, 116, 111, 107, 101, 110] };
    const logprob = { ...alternative, top_logprobs: Array.from({ length: 20 }, () => alternative) };
    const tokens = times(600, () =>
      steps.text(' token'.repeat(10), { logprobs: { content: Array.from({ length: 10 }, () => logprob) } }),
    );
    const { status, json } = await ask([steps.role(), ...tokens, steps.finish('stop'), steps.done(), steps.end()]);
    expect(status).toBe(200);
    expect(json).toMatchObject({ choices: [{ logprobs: { content: { length: 6_000 } } }] });
  }, 60_000);

  it('refuses nesting that could not be written again', async () => {
    await start();
    const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    const call = `"tool_calls":[{"index":0,"id":"a","function":{"name":"n","arguments":${deep(10_000)}}}]`;
    for (const event of [
      LOGPROBS(deep(10_000)),
      steps.raw(`data: {"choices":[{"delta":{${call}}}]}\n\n`),
      steps.raw(`data: {"error":${deep(50_000)}}\n\n`),
      steps.raw(deep(50_000)),
    ]) {
      expect(await readError([event, ...EVER])).toEqual([502, 'upstream_bad_answer']);
    }
  });

  it('does not parse what would take hundreds of megabytes', async () => {
    await start();
    const values = `[${'{},'.repeat(4_000_000)}0]`;
    for (const event of [`data: {"x":${values}}\n\n`, `event: error\ndata: {"x":${values}}\n\n`]) {
      expect(await readError([steps.raw(event), ...EVER])).toEqual([502, 'upstream_bad_answer']);
    }
  });

  it('stops a whole completion of a server that does not stream', async () => {
    await start({ UPSTREAM_ANSWER_LIMIT: '64kb' });
    const completion = JSON.stringify({
      choices: [{ message: { content: 'x'.repeat(70_000) }, finish_reason: 'stop' }],
    });
    const head = steps.headers(200, { 'content-type': 'application/json' });
    expect(await readError([head, steps.raw(completion), steps.end()])).toEqual(TOO_LARGE);
    expect(await readError([head, steps.raw(`{"x":"${'x'.repeat(300_000)}`), steps.end()])).toEqual(TOO_LARGE);
  });

  it('takes a completion of exactly the greatest allowed length', async () => {
    await start({ UPSTREAM_ANSWER_LIMIT: '64kb' });
    const { status, json } = await ask(scriptStream(['x'.repeat(32_768), 'y'.repeat(32_768)]));
    expect(status).toBe(200);
    expect(json).toMatchObject({ choices: [{ message: { content: expect.stringMatching(/^x{32768}y{32768}$/) } }] });
  });

  it('takes no more than 128 tool calls, and serves others while it reads 100,000', async () => {
    await start();
    const calls = (from: number, count: number): Step =>
      steps.delta({
        tool_calls: Array.from({ length: count }, (_, i) => ({
          id: `call_${from + i}`,
          function: { name: 'f', arguments: '{}' },
        })),
      });
    const allowed = await ask([steps.role(), calls(0, 128), steps.finish('tool_calls'), steps.done(), steps.end()]);
    expect(allowed.json).toMatchObject({ choices: [{ message: { tool_calls: { length: 128 } } }] });

    const asked = readError([steps.role(), ...times(100, (i) => calls(i * 1_000, 1_000)), ...EVER]);
    const before = performance.now();
    expect((await getJson(new URL('/health/live', bench.app.baseUrl).href)).status).toBe(200);
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(await asked).toEqual([502, 'upstream_too_many_tool_calls']);
  });

  it('does not repeat in each chunk a name that no model can have', async () => {
    await start();
    const name = 'm'.repeat(100_000);
    bench.upstream.next([
      ...times(50, (i) =>
        steps.chunk({ model: name, system_fingerprint: name, choices: [{ delta: { content: `${i} ` } }] }),
      ),
      steps.chunk({
        model: name,
        choices: [{ delta: {}, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 1, prompt_tokens_details: manyCounts(10_000) },
      }),
      steps.done(),
      steps.end(),
    ]);
    const stream = await bench.open({ stream_options: { include_usage: true } });
    const items = await stream.collect();
    expect(JSON.stringify(items).length).toBeLessThan(50_000);
  });
});

describe('what a schema may ask of the demo is bounded', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: { DEMO_TOKENS_PER_SECOND: '0' } });
    // The first request loads the code that makes values.
    await ask({ type: 'object', properties: { a: { type: 'string', minLength: 3 } }, required: ['a'] });
  });
  afterAll(() => app.close());

  const ask = (schema: object): ReturnType<typeof postJson> =>
    postJson(app.chatUrl, {
      model: 'chat',
      messages: HELLO,
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    });
  const withPattern = (pattern: string): object => ({
    type: 'object',
    properties: { a: { type: 'string', pattern } },
    required: ['a'],
  });
  const list = (keywords: object): object => ({ type: 'array', items: { type: 'integer' }, ...keywords });

  it.each<[string, object]>([
    ['10 kB of nested groups', withPattern('('.repeat(3_000) + 'a' + ')*'.repeat(3_000))],
    ['repetitions of repetitions', withPattern('(?:a{1000}){1000}')],
    [
      'a pattern that takes back what it took',
      { allOf: [withPattern('^(a+)+$'), { properties: { a: { const: `${'a'.repeat(40)}!` } } }] },
    ],
    ['a condition of 10,000 parts', { allOf: Array.from({ length: 10_000 }, (_, i) => ({ required: [`p${i}`] })) }],
    [
      'a pattern for names',
      { type: 'object', patternProperties: { [`^${'a?'.repeat(5_000)}$`]: {} }, minProperties: 2 },
    ],
    [
      'a text of a billion characters',
      { type: 'object', properties: { a: { type: 'string', minLength: 1e9 } }, required: ['a'] },
    ],
    ['a list of a billion items', list({ minItems: 1e9 })],
    ['lists of lists', list({ minItems: 1_000, items: list({ minItems: 1_000, items: list({ minItems: 1_000 }) }) })],
    ['an object of a billion properties', { type: 'object', minProperties: 1e9 }],
    ['a schema that doubles with each reference', makeDoublingSchema(30)],
    ['a schema that is itself', { $ref: '#' }],
    ['10,000 values to choose from', { enum: Array.from({ length: 10_000 }, (_, i) => `v${i}`) }],
  ])('%s', async (_, schema) => {
    const asked = ask(schema);
    let longest = 0;
    const startedAt = performance.now();
    const response = { isThere: false };
    void asked.finally(() => (response.isThere = true));
    do {
      const before = performance.now();
      expect((await getJson(new URL('/health/live', app.baseUrl).href)).status).toBe(200);
      longest = Math.max(longest, performance.now() - before);
    } while (!response.isThere);
    const { status, json } = await asked;
    const { error } = json as { readonly error?: { readonly code: string; readonly param: string } };
    expect(['200 undefined undefined', '400 invalid_json_schema response_format']).toContain(
      `${status} ${error?.code} ${error?.param}`,
    );
    expect(longest).toBeLessThan(2_000);
    expect(performance.now() - startedAt).toBeLessThan(8_000);
  });

  it('but ordinary formats and sizes are obeyed', async () => {
    const { status, json } = await ask({
      type: 'object',
      properties: {
        email: { type: 'string', format: 'email' },
        date: z.toJSONSchema(z.iso.date()),
        list: list({ minItems: 50 }),
      },
      required: ['email', 'date', 'list'],
    });
    expect(status).toBe(200);
    const { content } = (json as { choices: [{ message: { content: string } }] }).choices[0].message;
    expect(JSON.parse(content)).toMatchObject({
      email: expect.stringMatching(/^[a-z]+@[a-z]+(\.[a-z]+)+$/),
      date: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
      list: { length: 50 },
    });
  });
});

/** A schema whose values have two to the power of `depth` parts. */
function makeDoublingSchema(depth: number): object {
  const $defs: Record<string, object> = { [`d${depth}`]: { type: 'string' } };
  for (let i = 0; i < depth; i++) {
    const next = { $ref: `#/$defs/d${i + 1}` };
    $defs[`d${i}`] = { type: 'object', properties: { a: next, b: next }, required: ['a', 'b'] };
  }
  return { $defs, $ref: '#/$defs/d0' };
}

function manyCounts(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`count_${i}`, i]));
}
