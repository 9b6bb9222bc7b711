import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { Bench } from '../support/bench.js';
import { assertValidError, catchRejection, eventually, within } from '../support/checks.js';
import { CHAT, getJson, HELLO, postJson, send, DURATION } from '../support/client.js';
import { withTimeSetBack } from '../support/time-of-day.js';
import { errorBody, httpError, scriptStream, steps, tokens } from '../support/upstream/index.js';
import { hashKey } from '../support/callers.js';

describe('limits', () => {
  let bench: Bench;
  afterEach(() => bench.close());

  const start = async (env: Record<string, string>): Promise<Bench> => (bench = await Bench.start({ env }));

  it('are not mentioned where none are set', async () => {
    await start({});
    bench.upstream.next(scriptStream('Hi'));
    const { headers } = await bench.ask();
    expect(Object.keys(headers).filter((name) => name.startsWith('x-ratelimit'))).toEqual([]);
  });

  it('of requests are in the headers of each response, and count completions only', async () => {
    await start({ LIMIT_REQUESTS_PER_MINUTE: '2' });
    bench.upstream.always(scriptStream('Hi'));
    expect((await bench.ask()).headers).toMatchObject({
      'x-ratelimit-limit-requests': '2',
      'x-ratelimit-remaining-requests': '1',
      'x-ratelimit-reset-requests': expect.stringMatching(DURATION),
    });
    const stream = await bench.open();
    expect(stream.headers['x-ratelimit-remaining-requests']).toBe('0');
    await stream.collect();
    expect((await getJson(`${bench.app.baseUrl}/models`)).status).toBe(200);
  });

  describe('of requests, once they are used up,', () => {
    beforeEach(async () => {
      await start({ LIMIT_REQUESTS_PER_MINUTE: '1' });
      bench.upstream.always(scriptStream('Hi'));
      await bench.ask();
    });

    it.each([{}, { stream: true }])('answer 429 in the form of OpenAI, and say when to try again: %j', async (body) => {
      const { status, json, headers } = await bench.ask(body);
      expect(status).toBe(429);
      assertValidError(json);
      expect(json.error).toMatchObject({
        type: 'requests',
        param: null,
        code: 'rate_limit_exceeded',
        message: expect.stringMatching(/limit 1\. Try again in [\d.]+s\.$/),
      });
      const { 'retry-after': seconds, 'retry-after-ms': milliseconds, ...others } = headers;
      expect([0 < Number(seconds), Number(seconds) <= 60, Number(milliseconds) <= 60_000]).toEqual([true, true, true]);
      expect([others['x-ratelimit-remaining-requests'], others['x-should-retry']]).toEqual(['0', undefined]);
      expect(bench.upstream.requests).toHaveLength(1);
    });

    it('make the openai SDK throw the error that it has for them', async () => {
      const client = new OpenAI({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 0 });
      const error = await catchRejection(client.chat.completions.create({ model: 'chat', messages: HELLO }));
      expect(error).toBeInstanceOf(OpenAI.RateLimitError);
      expect(error).toMatchObject({ status: 429, type: 'requests', code: 'rate_limit_exceeded' });
    });
  });

  it('let nobody wait longer than a minute after the time of day was set back by an hour', async () => {
    await start({ LIMIT_REQUESTS_PER_MINUTE: '1', LIMIT_TOKENS_PER_MINUTE: '1000' });
    bench.upstream.next(scriptStream('Hi', { usage: tokens(1, 1) }));
    await bench.ask();
    const { status, headers } = await withTimeSetBack(3_600_000, () => bench.ask());
    expect(status).toBe(429);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(Number(headers['retry-after-ms'])).toBeLessThanOrEqual(60_000);
    for (const what of ['requests', 'tokens']) {
      expect(headers[`x-ratelimit-reset-${what}`]).toMatch(/^(?:1m0s|\d+(?:\.\d+)?s|\d+ms)$/);
    }
  });

  it('count a request whose body is at fault, but not one whose head is', async () => {
    await start({ LIMIT_REQUESTS_PER_MINUTE: '2' });
    const url = bench.app.chatUrl;
    expect((await postJson(url, CHAT, { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await postJson(url, 'model=chat', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await bench.ask({ model: 'nothing' })).status).toBe(404);
    expect((await postJson(url, '{"model":')).headers['x-ratelimit-remaining-requests']).toBe('0');
    expect((await bench.ask()).status).toBe(429);
  });

  describe('are checked before a body is read', () => {
    const sockets: Socket[] = [];
    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.destroy();
    });

    /** Sends the head of a request and the first byte of its body, and reads the status. */
    const begin = (): { readonly status: Promise<number>; readonly socket: Socket } => {
      const { hostname, port } = new URL(bench.app.url);
      const socket = connect(Number(port), hostname).on('error', () => undefined);
      sockets.push(socket);
      socket.write(
        'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{',
      );
      const status = once(socket, 'data').then(([bytes]) => Number(String(bytes).split(' ')[1]));
      return { status, socket };
    };

    it('for requests', async () => {
      await start({ LIMIT_REQUESTS_PER_MINUTE: '1' });
      begin();
      await eventually(async () => (await bench.ask()).status === 429);
      expect(await within(begin().status)).toBe(429);
    });

    it('for concurrent requests, whose places are given back when the client leaves', async () => {
      await start({ LIMIT_CONCURRENT_STREAMS: '1' });
      bench.upstream.always(scriptStream('Hi'));
      const { socket } = begin();
      await eventually(async () => (await bench.ask()).status === 429);
      expect(await within(begin().status)).toBe(429);
      socket.destroy();
      await eventually(async () => (await bench.ask()).status === 200);
    });

    it('for runs; a body that is still arriving does not count', async () => {
      await start({ MAX_CONCURRENT_RUNS: '1', MAX_QUEUED_RUNS: '0' });
      const hold = steps.gate();
      bench.upstream.next(scriptStream(['Hel', hold, 'lo'])).always(scriptStream('Hi'));
      begin();
      const running = await bench.open();
      expect(await within(begin().status)).toBe(503);
      hold.open();
      await running.collect();
      await eventually(async () => (await bench.ask()).status === 200);
    });

    it('and bodies that are refused give back what they took', async () => {
      await start({
        LIMIT_CONCURRENT_STREAMS: '1',
        MAX_CONCURRENT_RUNS: '1',
        BODY_LIMIT: '1kb',
        MAX_JSON_VALUES: '20',
      });
      bench.upstream.always(scriptStream('Hi'));
      const chunked = { 'transfer-encoding': 'chunked' };
      for (const [body, headers, status] of [
        [{ ...CHAT, x: Array.from({ length: 30 }, () => 1) }, {}, 400],
        ['{"model":', {}, 400],
        [{ ...CHAT, user: 'x'.repeat(2_000) }, {}, 413],
        [{ ...CHAT, user: 'x'.repeat(2_000) }, chunked, 413],
        [{ ...CHAT, seed: 1 }, chunked, 200],
        [CHAT, {}, 200],
      ] as const) {
        expect((await postJson(bench.app.chatUrl, body, headers)).status).toBe(status);
      }
    });
  });

  it('of concurrent requests: the openai SDK waits as long as it is told, and tries again', async () => {
    await start({ LIMIT_CONCURRENT_STREAMS: '1' });
    const hold = steps.gate();
    bench.upstream.next(scriptStream(['Hel', hold, 'lo'])).next(scriptStream('second'));
    const stream = await bench.open();
    const { status, json, headers } = await bench.ask();
    expect([status, headers['retry-after']]).toEqual([429, '1']);
    expect(json).toMatchObject({ error: { type: 'requests', code: 'rate_limit_exceeded' } });
    const client = new OpenAI({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 1 });
    const startedAt = performance.now();
    const response = client.chat.completions.create({ model: 'chat', messages: HELLO });
    await eventually(async () => (await metric('millrace_requests_total', 'rate_limited')) >= 2);
    hold.open();
    await stream.collect();
    expect((await response).choices[0]?.message.content).toBe('second');
    expect(performance.now() - startedAt).toBeGreaterThan(990);
  });

  const metric = async (name: string, outcome: string): Promise<number> => {
    const page = await getJson(`${bench.app.url}/metrics`);
    const lines = page.text
      .split('\n')
      .filter((line) => line.startsWith(name) && line.includes(`outcome="${outcome}"`));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };

  describe('of concurrent requests are given back, once', () => {
    const endings: [string, () => Promise<void>][] = [
      [
        'at the end of a stream',
        async () => {
          bench.upstream.next(scriptStream('Hi'));
          await (await bench.open()).collect();
        },
      ],
      [
        'at the end of a whole completion',
        async () => {
          bench.upstream.next(scriptStream('Hi'));
          await bench.ask();
        },
      ],
      [
        'when the model fails at once',
        async () => {
          bench.upstream.next(httpError(500, errorBody('no')));
          await bench.ask({ stream: true });
        },
      ],
      [
        'when the model fails in the middle',
        async () => {
          bench.upstream.next([steps.role(), steps.text('Hi'), steps.hangUp()]);
          await (await bench.open()).collect();
        },
      ],
      [
        'when the client leaves a stream',
        async () => {
          bench.upstream.next([steps.role(), steps.text('Hi'), steps.stall()]);
          const stream = await bench.open();
          await stream.until(() => true);
          stream.destroy();
        },
      ],
      [
        'when the client leaves before any response',
        async () => {
          bench.upstream.next(steps.stall());
          const leaving = new AbortController();
          const { response } = send('POST', bench.app.chatUrl, CHAT, { signal: leaving.signal });
          await bench.upstream.request(0);
          leaving.abort();
          await catchRejection(response);
        },
      ],
    ];

    it.each(endings)('%s', async (_, end) => {
      await start({ LIMIT_CONCURRENT_STREAMS: '1', TOTAL_CONCURRENT_STREAMS: '2' });
      await end();
      const hold = steps.gate();
      // Exactly one place is free again, so the first request is admitted and the second is not.
      bench.upstream.next(scriptStream([hold, 'Hi']));
      const asked = bench.upstream.requests.length;
      const next = await eventually(async () => {
        const response = bench.open();
        await Promise.race([response.catch(() => undefined), bench.upstream.request(asked)]);
        return bench.upstream.requests.length > asked ? { answer: response } : undefined;
      });
      expect((await bench.ask()).status).toBe(429);
      hold.open();
      await (await next.answer).collect();
    });
  });

  it('are those of each key, and of all keys together', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-limits-'));
    try {
      const entries = ['ann', 'bob', 'eve'].map((name) => ({
        name,
        hash: hashKey(`sk-${name}`),
        ...(name === 'bob' && { limits: { requestsPerMinute: 1 } }),
        ...(name === 'eve' && { limits: { requestsPerMinute: 0 } }),
      }));
      await writeFile(join(folder, 'keys.json'), JSON.stringify(entries));
      await start({
        API_KEYS_FILE: join(folder, 'keys.json'),
        LIMIT_REQUESTS_PER_MINUTE: '2',
        TOTAL_REQUESTS_PER_MINUTE: '6',
      });
      bench.upstream.always(scriptStream('Hi'));
      const statuses: Record<string, number[]> = { ann: [], bob: [], eve: [] };
      for (const name of ['ann', 'ann', 'ann', 'bob', 'bob', 'eve', 'eve', 'eve', 'eve']) {
        statuses[name]?.push((await bench.ask({}, { authorization: `Bearer sk-${name}` })).status);
      }
      expect(statuses).toEqual({ ann: [200, 200, 429], bob: [200, 429], eve: [200, 200, 200, 429] });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
