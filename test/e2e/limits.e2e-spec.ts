import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import {
  assertValidError,
  Bench,
  errorBody,
  eventually,
  gate,
  getJson,
  hangUp,
  httpError,
  type HttpAnswer,
  openStream,
  postJson,
  rejectionOf,
  role,
  stall,
  streamOf,
  text,
  tokens,
} from '../support/index.js';
import { send } from '../support/http-client.js';
import { withTimeSetBack } from '../support/time-of-day.js';

const HELLO: { role: 'user'; content: string }[] = [{ role: 'user', content: 'Hello' }];
const CHAT = { model: 'chat', messages: HELLO };
const STREAM = { ...CHAT, stream: true };
const DURATION = /^(?:(?:\d+m)?\d+(?:\.\d+)?s|\d+ms)$/;

describe('limits', () => {
  let bench: Bench;
  afterEach(() => bench.close());

  const start = async (env: Record<string, string>): Promise<Bench> => (bench = await Bench.start({ env }));
  const ask = (body: object = CHAT, headers: Record<string, string> = {}): Promise<HttpAnswer> =>
    postJson(bench.app.chatUrl, body, headers);

  it('are told of nowhere where there are none', async () => {
    await start({});
    bench.upstream.next(streamOf('Hi'));
    const { headers } = await ask();
    expect(Object.keys(headers).filter((name) => name.startsWith('x-ratelimit'))).toEqual([]);
  });

  it('of requests answer 429 in the form of OpenAI, with when to come again', async () => {
    await start({ LIMIT_REQUESTS_PER_MINUTE: '2' });
    bench.upstream.always(streamOf('Hi'));
    const first = await ask();
    expect(first.headers).toMatchObject({
      'x-ratelimit-limit-requests': '2',
      'x-ratelimit-remaining-requests': '1',
      'x-ratelimit-reset-requests': expect.stringMatching(DURATION),
    });
    const stream = await openStream(bench.app.chatUrl, STREAM);
    expect(stream.headers['x-ratelimit-remaining-requests']).toBe('0');
    await stream.collect();
    // What is at fault itself, or asks for nothing, is not counted, and is not refused.
    expect((await ask({ ...CHAT, model: 'nothing' })).status).toBe(404);
    expect((await getJson(`${bench.app.baseUrl}/models`)).status).toBe(200);
    for (const body of [CHAT, STREAM]) {
      const { status, json, headers } = await ask(body);
      expect(status).toBe(429);
      assertValidError(json);
      expect(json.error).toMatchObject({ type: 'requests', param: null, code: 'rate_limit_exceeded' });
      expect(json.error.message).toMatch(/limit 2\. Try again in [\d.]+s\.$/);
      expect(headers['x-ratelimit-remaining-requests']).toBe('0');
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
      expect(Number(headers['retry-after-ms'])).toBeLessThanOrEqual(60_000);
      expect(headers['x-should-retry']).toBeUndefined();
    }
    expect(bench.upstream.requests).toHaveLength(2);
    const client = new OpenAI({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 0 });
    const error = await rejectionOf(client.chat.completions.create({ model: 'chat', messages: HELLO }));
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({ status: 429, type: 'requests', code: 'rate_limit_exceeded' });
  });

  it('let nobody wait longer than a minute after the time of day was set back by an hour', async () => {
    await start({ LIMIT_REQUESTS_PER_MINUTE: '1', LIMIT_TOKENS_PER_MINUTE: '1000' });
    bench.upstream.next(streamOf('Hi', { usage: tokens(1, 1) }));
    await ask();
    const { status, headers } = await withTimeSetBack(3_600_000, () => ask());
    expect(status).toBe(429);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(Number(headers['retry-after-ms'])).toBeLessThanOrEqual(60_000);
    for (const what of ['requests', 'tokens']) {
      expect(headers[`x-ratelimit-reset-${what}`]).toMatch(/^(?:1m0s|\d+(?:\.\d+)?s|\d+ms)$/);
    }
  });

  it('of tokens count what runs have used, streamed or not', async () => {
    await start({ LIMIT_TOKENS_PER_MINUTE: '100' });
    bench.upstream.next(streamOf('Hi', { usage: tokens(30, 20) })).next(streamOf('Hi', { usage: tokens(40, 30) }));
    expect((await ask()).headers['x-ratelimit-remaining-tokens']).toBe('100');
    const stream = await openStream(bench.app.chatUrl, STREAM);
    expect(stream.headers).toMatchObject({ 'x-ratelimit-limit-tokens': '100', 'x-ratelimit-remaining-tokens': '50' });
    await stream.collect();
    const { status, json, headers } = await eventually(async () => ask());
    expect(status).toBe(429);
    expect(json).toMatchObject({ error: { type: 'tokens', code: 'rate_limit_exceeded' } });
    expect(headers['x-ratelimit-remaining-tokens']).toBe('0');
    expect(headers['x-ratelimit-reset-tokens']).toMatch(DURATION);
  });

  it('of answers in the making: the openai SDK waits as long as it is told, and comes again', async () => {
    await start({ LIMIT_CONCURRENT_STREAMS: '1' });
    const hold = gate();
    bench.upstream.next(streamOf(['Hel', hold, 'lo'])).next(streamOf('second'));
    const stream = await openStream(bench.app.chatUrl, STREAM);
    const { status, json, headers } = await ask();
    expect([status, headers['retry-after']]).toEqual([429, '1']);
    expect(json).toMatchObject({ error: { type: 'requests', code: 'rate_limit_exceeded' } });
    const client = new OpenAI({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 1 });
    const startedAt = performance.now();
    const answer = client.chat.completions.create({ model: 'chat', messages: HELLO });
    await eventually(async () => (await metric('millrace_requests_total', 'rate_limited')) >= 2);
    hold.open();
    await stream.collect();
    expect((await answer).choices[0]?.message.content).toBe('second');
    expect(performance.now() - startedAt).toBeGreaterThan(990);
  });

  const metric = async (name: string, outcome: string): Promise<number> => {
    const page = await getJson(`${bench.app.url}/metrics`);
    const lines = page.text
      .split('\n')
      .filter((line) => line.startsWith(name) && line.includes(`outcome="${outcome}"`));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };

  describe('of answers in the making are given back, once', () => {
    const endings: [string, () => Promise<void>][] = [
      [
        'at the end of a stream',
        async () => {
          bench.upstream.next(streamOf('Hi'));
          await (await openStream(bench.app.chatUrl, STREAM)).collect();
        },
      ],
      [
        'at the end of a whole answer',
        async () => {
          bench.upstream.next(streamOf('Hi'));
          await ask();
        },
      ],
      [
        'when the model fails at once',
        async () => {
          bench.upstream.next(httpError(500, errorBody('no')));
          await ask(STREAM);
        },
      ],
      [
        'when the model fails in the middle',
        async () => {
          bench.upstream.next([role(), text('Hi'), hangUp()]);
          await (await openStream(bench.app.chatUrl, STREAM)).collect();
        },
      ],
      [
        'when the client leaves a stream',
        async () => {
          bench.upstream.next([role(), text('Hi'), stall()]);
          const stream = await openStream(bench.app.chatUrl, STREAM);
          await stream.until(() => true);
          stream.destroy();
        },
      ],
      [
        'when the client leaves before any answer',
        async () => {
          bench.upstream.next(stall());
          const leaving = new AbortController();
          const { answer } = send('POST', bench.app.chatUrl, CHAT, { signal: leaving.signal });
          await bench.upstream.request(0);
          leaving.abort();
          await rejectionOf(answer);
        },
      ],
    ];

    it.each(endings)('%s', async (_, end) => {
      await start({ LIMIT_CONCURRENT_STREAMS: '1', TOTAL_CONCURRENT_STREAMS: '2' });
      await end();
      const hold = gate();
      // Exactly one is free again: the first gets in, the second does not.
      bench.upstream.next(streamOf([hold, 'Hi']));
      const asked = bench.upstream.requests.length;
      const next = await eventually(async () => {
        const answer = openStream(bench.app.chatUrl, STREAM);
        await Promise.race([answer.catch(() => undefined), bench.upstream.request(asked)]);
        return bench.upstream.requests.length > asked ? { answer } : undefined;
      });
      expect((await ask()).status).toBe(429);
      hold.open();
      await (await next.answer).collect();
    });
  });

  it('are those of each key, and of all keys together', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-limits-'));
    try {
      const entries = ['ann', 'bob', 'eve'].map((name) => ({
        name,
        hash: `sha256:${createHash('sha256').update(`sk-${name}`).digest('hex')}`,
        ...(name === 'bob' && { limits: { requestsPerMinute: 1 } }),
        ...(name === 'eve' && { limits: { requestsPerMinute: 0 } }),
      }));
      await writeFile(join(folder, 'keys.json'), JSON.stringify(entries));
      await start({
        API_KEYS_FILE: join(folder, 'keys.json'),
        LIMIT_REQUESTS_PER_MINUTE: '2',
        TOTAL_REQUESTS_PER_MINUTE: '6',
      });
      bench.upstream.always(streamOf('Hi'));
      const statuses: Record<string, number[]> = { ann: [], bob: [], eve: [] };
      for (const name of ['ann', 'ann', 'ann', 'bob', 'bob', 'eve', 'eve', 'eve', 'eve']) {
        statuses[name]?.push((await ask(CHAT, { authorization: `Bearer sk-${name}` })).status);
      }
      expect(statuses).toEqual({ ann: [200, 200, 429], bob: [200, 429], eve: [200, 200, 200, 429] });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
