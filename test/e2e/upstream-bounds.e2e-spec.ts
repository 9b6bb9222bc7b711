import { afterEach, describe, expect, it } from '@jest/globals';
import {
  assertErrorEnded,
  assertValidError,
  Bench,
  chunk,
  delta,
  done,
  end,
  finish,
  flood,
  getJson,
  headers,
  openStream,
  postJson,
  raw,
  reasoning,
  role,
  type Script,
  type Step,
  streamOf,
  text,
  toolCall,
} from '../support/index.js';

const HELLO = [{ role: 'user', content: 'Hello' }];
const MIB = 1024 * 1024;
/** Longer than the script plays: what is left of it finds that the server has gone. */
const EVER: readonly Step[] = [finish('stop'), done(), end()];
const times = (count: number, make: (index: number) => Step): readonly Step[] =>
  Array.from({ length: count }, (_, i) => make(i));

describe('what one model may answer is bounded', () => {
  let bench: Bench;
  afterEach(() => bench.close());
  const start = async (env: Readonly<Record<string, string>> = {}): Promise<void> => {
    bench = await Bench.start({ env });
  };
  const ask = (script: Script): ReturnType<typeof postJson> => {
    bench.upstream.next(script);
    return postJson(bench.app.chatUrl, { model: 'chat', messages: HELLO });
  };
  /** Asks without streaming. */
  const errorOf = async (script: Script): Promise<unknown> => {
    const { status, json } = await ask(script);
    assertValidError(json);
    return [status, json.error.code];
  };
  const TOO_LARGE = [502, 'upstream_answer_too_large'];

  it('by 8 MiB with default settings: an endless stream ends in an error, and the model is left', async () => {
    await start();
    bench.upstream.next([role(), flood({ bytes: 60 * MIB }), ...EVER]);
    const stream = await openStream(bench.app.chatUrl, { model: 'chat', stream: true, messages: HELLO });
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
    expect(await errorOf([role(), flood({ bytes: 60 * MIB }), ...EVER])).toEqual(TOO_LARGE);
    expect(await (await bench.upstream.request(0)).closed).toBe('aborted');
    expect((await ask(streamOf('Well.'))).status).toBe(200);
  }, 60_000);

  it.each<[string, readonly Step[]]>([
    ['text', times(70, () => text('x'.repeat(1_000)))],
    ['reasoning', times(70, () => reasoning('x'.repeat(1_000)))],
    ['arguments of tools', times(70, () => toolCall({ index: 0, id: 'a', name: 'f', arguments: ' '.repeat(1_000) }))],
    [
      'names of tools',
      times(70, (index) => toolCall({ index, id: `${index}`, name: 'f'.repeat(1_000), arguments: '' })),
    ],
    [
      'everything together',
      times(35, () => delta({ content: 'x'.repeat(1_000), reasoning_content: 'y'.repeat(1_000) })),
    ],
    [
      'log probabilities',
      times(300, () => text('x', { logprobs: { content: [{ token: 'x', note: 'y'.repeat(1_000) }] } })),
    ],
    ['parts of a content', [delta({ content: Array.from({ length: 70_000 }, () => 'x') })]],
  ])('counts %s', async (_, steps) => {
    await start({ UPSTREAM_ANSWER_LIMIT: '64kb' });
    expect(await errorOf([role(), ...steps, ...EVER])).toEqual(TOO_LARGE);
  });

  it.each([
    ['a line that does not end', `data: ${'x'.repeat(300_000)}`],
    ['an event that does not end', 'data: x\n'.repeat(100_000)],
    ['an event that is too large', `data: {"x":"${'y'.repeat(300_000)}"}\n\n`],
  ])('stops %s', async (_, bytes) => {
    await start({ UPSTREAM_ANSWER_LIMIT: '64kb' });
    expect(await errorOf([raw(bytes), ...EVER])).toEqual(TOO_LARGE);
  });

  it('stops a whole answer of a server that does not stream', async () => {
    await start({ UPSTREAM_ANSWER_LIMIT: '64kb' });
    const answer = JSON.stringify({ choices: [{ message: { content: 'x'.repeat(70_000) }, finish_reason: 'stop' }] });
    const head = headers(200, { 'content-type': 'application/json' });
    expect(await errorOf([head, raw(answer), end()])).toEqual(TOO_LARGE);
    expect(await errorOf([head, raw('x'.repeat(300_000)), end()])).toEqual(TOO_LARGE);
  });

  it('takes an answer that is as long as it may be', async () => {
    await start({ UPSTREAM_ANSWER_LIMIT: '64kb' });
    const { status, json } = await ask(streamOf(['x'.repeat(32_768), 'y'.repeat(32_768)]));
    expect(status).toBe(200);
    expect(json).toMatchObject({ choices: [{ message: { content: expect.stringMatching(/^x{32768}y{32768}$/) } }] });
  });

  it('takes no more than 128 tool calls, and serves others while it reads 100,000', async () => {
    await start();
    const calls = (from: number, count: number): Step =>
      delta({
        tool_calls: Array.from({ length: count }, (_, i) => ({
          id: `call_${from + i}`,
          function: { name: 'f', arguments: '{}' },
        })),
      });
    const allowed = await ask([role(), calls(0, 128), finish('tool_calls'), done(), end()]);
    expect(allowed.json).toMatchObject({ choices: [{ message: { tool_calls: { length: 128 } } }] });

    const asked = errorOf([role(), ...times(100, (i) => calls(i * 1_000, 1_000)), ...EVER]);
    const before = performance.now();
    expect((await getJson(new URL('/health/live', bench.app.baseUrl).href)).status).toBe(200);
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(await asked).toEqual([502, 'upstream_too_many_tool_calls']);
  });

  it('does not repeat in each chunk what is no name of a model', async () => {
    await start();
    const name = 'm'.repeat(100_000);
    bench.upstream.next([
      ...times(50, (i) => chunk({ model: name, system_fingerprint: name, choices: [{ delta: { content: `${i} ` } }] })),
      chunk({
        model: name,
        choices: [{ delta: {}, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 1, prompt_tokens_details: manyCounts(10_000) },
      }),
      done(),
      end(),
    ]);
    const stream = await openStream(bench.app.chatUrl, {
      model: 'chat',
      stream: true,
      messages: HELLO,
      stream_options: { include_usage: true },
    });
    const items = await stream.collect();
    expect(JSON.stringify(items).length).toBeLessThan(50_000);
  });
});

function manyCounts(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`count_${i}`, i]));
}
