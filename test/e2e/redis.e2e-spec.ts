import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import OpenAI from 'openai';
import { TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { type HttpResponse, postJson } from '../support/http-client.js';
import { CHAT, HELLO, ORDER_KEY } from '../support/messages.js';
import { MetricsPage } from '../support/metrics-page.js';
import { describeWithRedis, RedisServer } from '../support/redis-server.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { SlowLink } from '../support/slow-link.js';
import { scriptStream, tokens } from '../support/upstream/scripts.js';
import { errorBody, gate, httpError } from '../support/upstream/steps.js';
import { ANN, BOB, KEYS } from '../support/callers.js';

describeWithRedis('replicas that share a Redis', () => {
  let redis: RedisServer;
  let upstream: ScriptedUpstream;
  const apps: TestApp[] = [];
  /** A client of its own for the test. */
  let client: Redis;
  beforeEach(async () => {
    redis = await RedisServer.start();
    // The timer of a longer timeout would keep the process alive.
    client = new Redis(redis.url, { disconnectTimeout: 100 });
    // Some tests kill Redis, which the client reports as an error.
    client.on('error', () => undefined);
    upstream = await ScriptedUpstream.start();
  });
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
    await upstream.close();
    client.disconnect();
    await redis.close();
  });

  const start = async (env: Record<string, string> = {}): Promise<TestApp> => {
    const app = await TestApp.start({
      env: {
        OPENAI_BASE_URL: upstream.url,
        OPENAI_API_KEY: 'sk-test',
        UPSTREAM_MAX_RETRIES: '0',
        REDIS_URL: redis.url,
        ...env,
      },
    });
    apps.push(app);
    return app;
  };
  const ask = (app: TestApp, headers: Record<string, string> = {}, body: object = CHAT): Promise<HttpResponse> =>
    postJson(app.chatUrl, body, headers);
  const storeIs = (app: TestApp, up: 0 | 1): Promise<boolean> =>
    eventually(async () => (await MetricsPage.of(app.url)).sum('millrace_limits_store_up') === up, {
      message: `Redis seen as ${up === 1 ? 'up' : 'away'}`,
    });
  /** Collects the warnings and other log messages of an application. */
  const readLog = (app: TestApp): string[] => {
    const lines: string[] = [];
    const add = (message: string): unknown => lines.push(message);
    app.nest.useLogger({ log: add, warn: add, error: add });
    return lines;
  };

  it('count requests together', async () => {
    const env = { LIMIT_REQUESTS_PER_MINUTE: '3' };
    const [one, two] = [await start(env), await start(env)];
    upstream.always(scriptStream('Hi'));
    const responses = [await ask(one), await ask(two), await ask(one), await ask(two), await ask(one)];
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
    expect(responses.slice(0, 3).map(({ headers }) => headers['x-ratelimit-remaining-requests'])).toEqual([
      '2',
      '1',
      '0',
    ]);
    expect(Number(responses[4]?.headers['retry-after'])).toBeGreaterThan(50);
    expect((await MetricsPage.of(one.url)).sum('millrace_limits_store_up')).toBe(1);
  });

  it('let nobody wait longer than a minute, though Redis says so: its clock was set back', async () => {
    const app = await start({ LIMIT_REQUESTS_PER_MINUTE: '1' });
    upstream.always(scriptStream('Hi'));
    await ask(app);
    const keys = await client.keys('millrace:limits:*');
    expect(keys).toHaveLength(1);
    for (const key of keys) await client.pexpire(key, 3_600_000);
    const { status, headers } = await ask(app);
    expect([status, Number(headers['retry-after']) <= 60]).toEqual([429, true]);
    // The keys expire by then.
    for (const key of keys) expect(await client.pttl(key)).toBeLessThanOrEqual(60_000);
  });

  it.each([
    ['is full', () => client.config('SET', 'maxmemory', '1')],
    ['is read-only', () => client.replicaof('127.0.0.1', 1)],
    [
      'holds what somebody else wrote',
      async () => {
        for (const what of ['requests', 'tokens']) await client.rpush(`millrace:limits:${what}:key:key-1`, 'x');
      },
    ],
  ])('count by themselves while Redis %s, and say so', async (_, refuse: () => Promise<unknown>) => {
    const app = await start({
      ...KEYS,
      LIMIT_TOKENS_PER_MINUTE: '100',
      LIMIT_REQUESTS_PER_MINUTE: '9',
    });
    const log = readLog(app);
    upstream.always(scriptStream('Hi', { usage: tokens(30, 30) }));
    await refuse();
    expect([(await ask(app, ANN)).status, (await ask(app, ANN)).status]).toEqual([200, 200]);
    await storeIs(app, 0);
    const { json } = await eventually(async () => {
      const response = await ask(app, ANN);
      return response.status === 429 ? response : undefined;
    });
    expect(json).toMatchObject({ error: { type: 'tokens' } });
    expect(log.filter((line) => line.startsWith('Redis is away ('))).toHaveLength(1);
    await client.config('SET', 'maxmemory', '0');
    await client.replicaof('NO', 'ONE');
    await client.flushall();
    expect((await ask(app, BOB)).status).toBe(200);
    await storeIs(app, 1);
    expect(log).toContain('Redis is back');
  });

  it('count tokens together', async () => {
    const env = { ...KEYS, TOTAL_TOKENS_PER_MINUTE: '50', LIMIT_TOKENS_PER_MINUTE: '1000' };
    const [one, two] = [await start(env), await start(env)];
    upstream.next(scriptStream('Hi', { usage: tokens(30, 30) }));
    expect((await ask(one, ANN)).status).toBe(200);
    const refused = await eventually(async () => {
      const response = await ask(two, BOB);
      return response.status === 429 ? response : undefined;
    });
    expect(refused.json).toMatchObject({ error: { type: 'tokens', code: 'rate_limit_exceeded' } });
  });

  it('continue serving, each counting by itself, while Redis is dead, and count together again after', async () => {
    const env = { LIMIT_REQUESTS_PER_MINUTE: '2' };
    const [one, two] = [await start(env), await start(env)];
    const log = readLog(one);
    upstream.always(scriptStream('Hi'));
    expect([(await ask(one)).status, (await ask(two)).status, (await ask(one)).status]).toEqual([200, 200, 429]);
    await redis.kill();
    const responses = [await ask(one), await ask(one), await ask(one), await ask(two)];
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 429, 200]);
    await Promise.all([storeIs(one, 0), storeIs(two, 0)]);
    await redis.up();
    await Promise.all([storeIs(one, 1), storeIs(two, 1)]);
    expect([(await ask(one)).status, (await ask(two)).status, (await ask(one)).status]).toEqual([200, 200, 429]);
    // There are many attempts to connect, but one warning per replica; both write to this process's log.
    expect(log.filter((line) => line.startsWith('Redis is away'))).toHaveLength(2);
    expect(log).toContain('Redis is back');
  });

  it('continue serving while Redis hangs', async () => {
    const app = await start({ LIMIT_REQUESTS_PER_MINUTE: '100' });
    upstream.always(scriptStream('Hi'));
    expect((await ask(app)).headers['x-ratelimit-remaining-requests']).toBe('99');
    redis.freeze();
    try {
      const startedAt = performance.now();
      for (let i = 0; i < 20; i++) expect((await ask(app)).status).toBe(200);
      // Only the first request waits until the server gives Redis up.
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      await storeIs(app, 0);
    } finally {
      redis.thaw();
    }
    await storeIs(app, 1);
    await eventually(async () => (await ask(app)).headers['x-ratelimit-remaining-requests'] !== undefined);
  });

  it('start without Redis', async () => {
    await redis.kill();
    const app = await start({ LIMIT_REQUESTS_PER_MINUTE: '1' });
    upstream.always(scriptStream('Hi'));
    expect([(await ask(app)).status, (await ask(app)).status]).toEqual([200, 429]);
    await redis.up();
    await storeIs(app, 1);
    expect((await ask(app)).status).toBe(200);
  });

  it('give a repeated request the first response again, whichever sent it', async () => {
    const [one, two] = [await start(), await start()];
    upstream.next(scriptStream('Hi'));
    const first = await ask(one, ORDER_KEY);
    const again = await ask(two, ORDER_KEY);
    expect([again.status, again.text, again.headers['idempotent-replayed']]).toEqual([200, first.text, 'true']);
    const other = await ask(two, ORDER_KEY, { ...CHAT, temperature: 1 });
    expect([other.status, other.json]).toMatchObject([409, { error: { code: 'idempotency_key_reused' } }]);
    expect(upstream.requests).toHaveLength(1);
  });

  it('refuse a repeated request while another one answers it; the openai SDK tries again', async () => {
    const [one, two] = [await start(), await start()];
    const hold = gate();
    upstream.next(scriptStream([hold, 'Hi']));
    const first = ask(one, ORDER_KEY);
    await hold.reached;
    const { status, json, headers } = await ask(two, ORDER_KEY);
    expect([status, headers['retry-after'], headers['x-should-retry']]).toEqual([409, '1', undefined]);
    expect(json).toMatchObject({ error: { code: 'idempotent_request_in_progress' } });
    const client = new OpenAI({ baseURL: two.baseUrl, apiKey: 'any', maxRetries: 1 });
    const create = client.chat.completions.create({ model: 'chat', messages: HELLO }, { headers: ORDER_KEY });
    await eventually(async () => (await MetricsPage.of(two.url)).sum('millrace_requests_total') === 2);
    hold.open();
    expect((await create).id).toBe(((await first).json as OpenAI.ChatCompletion).id);
    expect(upstream.requests).toHaveLength(1);
  });

  describe('when Redis answers a claim too late', () => {
    let link: SlowLink;
    beforeEach(async () => {
      link = await SlowLink.to(new URL(redis.url).host, 0);
    });
    afterEach(() => link.stop());

    /** Starts two replicas, the first of which reaches Redis over the link. */
    const startBoth = (): Promise<[TestApp, TestApp]> =>
      Promise.all([start({ REDIS_URL: `redis://${link.address}` }), start()]);
    /** Delays Redis' next reply until the server has given up; Redis still executes the command. */
    const delayOneResponse = async (act: () => Promise<HttpResponse>): Promise<HttpResponse> => {
      const connections = link.connections;
      link.responseDelayMs = 1_500;
      const response = act();
      await eventually(() => link.connections > connections);
      link.responseDelayMs = 0;
      return response;
    };

    it('know its owner, and run the request once', async () => {
      const [one, two] = await startBoth();
      const hold = gate();
      upstream.next(scriptStream([hold, 'Hi']));
      const first = delayOneResponse(() => ask(one, ORDER_KEY));
      await hold.reached;
      expect((await ask(two, ORDER_KEY)).status).toBe(409);
      hold.open();
      const { status, text } = await first;
      const again = await ask(two, ORDER_KEY);
      expect([status, again.status, again.text, again.headers['idempotent-replayed']]).toEqual([
        200,
        200,
        text,
        'true',
      ]);
      expect(upstream.requests).toHaveLength(1);
    });

    it('do not run what another one runs', async () => {
      const [one, two] = await startBoth();
      const hold = gate();
      upstream.next(scriptStream([hold, 'Hi']));
      const first = ask(two, ORDER_KEY);
      await hold.reached;
      const meanwhile = await delayOneResponse(() => ask(one, ORDER_KEY));
      expect([meanwhile.status, meanwhile.json]).toMatchObject([
        409,
        { error: { code: 'idempotent_request_in_progress' } },
      ]);
      hold.open();
      expect((await first).status).toBe(200);
      expect(upstream.requests).toHaveLength(1);
    });

    it('release it when the request fails', async () => {
      const [one, two] = await startBoth();
      upstream.next(httpError(500, errorBody('no'))).next(scriptStream('Hi'));
      expect((await delayOneResponse(() => ask(one, ORDER_KEY))).status).toBe(502);
      expect((await ask(two, ORDER_KEY)).status).toBe(200);
    });

    it('report the outcome of the claim again if Redis did not get it', async () => {
      const [one, two] = await startBoth();
      const hold = gate();
      upstream.next(scriptStream([hold, 'Hi']));
      const first = ask(one, ORDER_KEY);
      await hold.reached;
      // The command that releases the claim is lost with the connection.
      link.cut();
      hold.open();
      const { text } = await first;
      const again = await eventually(async () => {
        const response = await ask(two, ORDER_KEY);
        return response.status === 200 ? response : undefined;
      });
      expect([again.text, upstream.requests.length]).toEqual([text, 1]);
    });
  });

  it('release a request that failed', async () => {
    const [one, two] = [await start(), await start()];
    upstream.next(httpError(500, errorBody('no'))).next(scriptStream('Hi'));
    expect([
      (await ask(one, ORDER_KEY)).status,
      (await ask(two, ORDER_KEY)).status,
      (await ask(one, ORDER_KEY)).status,
    ]).toEqual([502, 200, 200]);
    expect(upstream.requests).toHaveLength(2);
  });

  it('remember repeated requests by themselves while Redis is dead', async () => {
    const app = await start();
    upstream.next(scriptStream('Hi'));
    await redis.kill();
    const first = await ask(app, ORDER_KEY);
    expect((await ask(app, ORDER_KEY)).text).toBe(first.text);
  });
});
