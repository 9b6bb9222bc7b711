import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { Clock, SystemClock } from '../../src/kernel/index.js';
import { Bench, MetricsPage, RecordingTracer } from '../support/bench.js';
import { assertValidError, catchRejection, eventually } from '../support/checks.js';
import { CHAT, getJson, HELLO, type HttpResponse, postJson, send, type SseStream } from '../support/client.js';
import { RawConnection, writeRawRequest } from '../support/raw-connection.js';
import { errorBody, httpError, ScriptedUpstream, scriptStream, steps } from '../support/upstream/index.js';
import { ensureServerIsBuilt, type ServerProcess, startServerProcess } from '../support/server-process.js';

const STREAM = { ...CHAT, stream: true };
/** A body that is larger than Node's buffer for a connection that is not read. */
const LARGE_CHAT = { model: 'chat', messages: [{ role: 'user', content: 'word '.repeat(20_000) }] };

/** The machine's clock, which jumps ahead by this much at each reading. */
class SlowClock extends SystemClock {
  lateMs = 0;
  #lost = 0;

  override monotonic(): number {
    this.#lost += this.lateMs;
    return super.monotonic() + this.#lost;
  }
}

describe('overload', () => {
  let bench: Bench;
  afterEach(() => bench.close());

  const start = async (env: Record<string, string>, clock?: Clock, tracer?: RecordingTracer): Promise<Bench> =>
    (bench = await Bench.start({ env, ...(clock && { clock }), ...(tracer && { tracer }) }));
  const waitForQueue = async (count: number): Promise<void> => {
    await eventually(async () => (await MetricsPage.of(bench.app.url)).sum('millrace_queued_runs') === count, {
      message: `${count} requests in the queue`,
    });
  };

  describe('with as many requests as may run and wait', () => {
    let tracer: RecordingTracer;
    let hold: ReturnType<typeof steps.gate>;
    let running: readonly SseStream[];
    let queued: readonly [Promise<SseStream>, Promise<HttpResponse>];
    beforeEach(async () => {
      tracer = new RecordingTracer();
      await start({ MAX_CONCURRENT_RUNS: '2', MAX_QUEUED_RUNS: '2' }, undefined, tracer);
      hold = steps.gate();
      bench.upstream.always(scriptStream(['Hel', hold, 'lo']));
      running = [await bench.open(), await bench.open()];
      queued = [bench.open(), bench.ask()];
      await waitForQueue(2);
    });
    const finish = async (): Promise<number> => {
      hold.open();
      await Promise.all([...running, await queued[0]].map((stream) => stream.collect()));
      return (await queued[1]).status;
    };

    it('refuses the next ones with 503, and asks no model for them', async () => {
      for (const body of [CHAT, STREAM]) {
        const { status, json, headers } = await postJson(bench.app.chatUrl, body);
        expect(status).toBe(503);
        assertValidError(json);
        expect(json.error).toMatchObject({ type: 'server_error', code: 'server_overloaded' });
        expect([headers['retry-after'], headers['x-should-retry'], headers['x-trace-id']]).toEqual([
          '2',
          undefined,
          undefined,
        ]);
      }
      expect(bench.upstream.requests).toHaveLength(2);
      const page = await MetricsPage.of(bench.app.url);
      expect(page.sum('millrace_requests_total', { outcome: 'overloaded' })).toBe(2);
      await finish();
    });

    it('lists its models, and answers those that wait when others are done', async () => {
      expect((await getJson(`${bench.app.baseUrl}/models`)).status).toBe(200);
      expect(await finish()).toBe(200);
      expect([bench.upstream.mostOpen, tracer.traces.length]).toEqual([2, 4]);
    });
  });

  it('frees the place of a client that leaves the queue, and asks no model for it', async () => {
    await start({ MAX_CONCURRENT_RUNS: '1', MAX_QUEUED_RUNS: '1' });
    const hold = steps.gate();
    bench.upstream.next(scriptStream([hold, 'first'])).next(scriptStream('third'));
    const first = postJson(bench.app.chatUrl, CHAT);
    await bench.upstream.request(0);
    for (const body of [CHAT, STREAM]) {
      const leaving = new AbortController();
      const { response } = send('POST', bench.app.chatUrl, body, { signal: leaving.signal });
      await waitForQueue(1);
      leaving.abort();
      await catchRejection(response);
      await waitForQueue(0);
    }
    const third = postJson(bench.app.chatUrl, CHAT);
    await waitForQueue(1);
    hold.open();
    expect([(await first).status, (await third).status]).toEqual([200, 200]);
  });

  it.each(['leave', 'reset'] as const)(
    'frees the place of a client with a large body that leaves the queue: %s',
    async (way) => {
      await start({ MAX_CONCURRENT_RUNS: '1', MAX_QUEUED_RUNS: '1', MAX_QUEUE_WAIT_MS: '60000' });
      const hold = steps.gate();
      bench.upstream.next(scriptStream([hold, 'first'])).next(scriptStream('third'));
      const first = postJson(bench.app.chatUrl, CHAT);
      await bench.upstream.request(0);
      const leaving = new RawConnection(bench.app.url);
      leaving.send(writeRawRequest('POST', '/v1/chat/completions', LARGE_CHAT));
      await waitForQueue(1);
      leaving[way]();
      await waitForQueue(0);
      const third = postJson(bench.app.chatUrl, LARGE_CHAT);
      await waitForQueue(1);
      hold.open();
      expect([(await first).status, (await third).status]).toEqual([200, 200]);
      expect(bench.upstream.requests).toHaveLength(2);
    },
  );

  it.each(['leave', 'reset'] as const)(
    'keeps no place and no memory for a client that leaves while it waits for memory: %s',
    async (way) => {
      // While the number of its values is unknown, the large body counts as 8 MB.
      await start({ MAX_CONCURRENT_RUNS: '1', MAX_BODY_MEMORY: '12mb' });
      bench.upstream.always(scriptStream('Hi'));
      const memory = async (name: string): Promise<number> => (await MetricsPage.of(bench.app.url)).sum(name);
      const request = writeRawRequest('POST', '/v1/chat/completions', LARGE_CHAT);
      const [slow, leaving] = [new RawConnection(bench.app.url), new RawConnection(bench.app.url)];
      slow.send(request.slice(0, -1));
      await eventually(async () => (await memory('millrace_body_memory_bytes')) > 8_000_000);
      leaving.send(request);
      await eventually(async () => (await memory('millrace_waiting_bodies')) === 1);
      leaving[way]();
      // A slow body does not occupy a place.
      expect((await postJson(bench.app.chatUrl, CHAT)).status).toBe(200);
      slow.send(request.slice(-1));
      await slow.until('"Hi"');
      await eventually(
        async () => (await memory('millrace_waiting_bodies')) + (await memory('millrace_body_memory_bytes')) === 0,
      );
      expect((await postJson(bench.app.chatUrl, LARGE_CHAT)).status).toBe(200);
      expect(bench.upstream.requests).toHaveLength(3);
      slow.leave();
    },
  );

  it('lets nobody wait for long', async () => {
    await start({ MAX_CONCURRENT_RUNS: '1', MAX_QUEUE_WAIT_MS: '20' });
    const hold = steps.gate();
    bench.upstream.next(scriptStream([hold, 'first']));
    const first = postJson(bench.app.chatUrl, CHAT);
    await bench.upstream.request(0);
    const { status, json } = await postJson(bench.app.chatUrl, STREAM);
    expect([status, json]).toMatchObject([503, { error: { code: 'server_overloaded' } }]);
    hold.open();
    expect((await first).status).toBe(200);
  });

  it('gives places back however runs end', async () => {
    await start({ MAX_CONCURRENT_RUNS: '1', MAX_QUEUED_RUNS: '0', RUN_TIMEOUT_MS: '300' });
    bench.upstream
      .next(httpError(500, errorBody('no')))
      .next(steps.stall())
      .next(scriptStream('Hi'));
    expect((await postJson(bench.app.chatUrl, CHAT)).status).toBe(502);
    expect((await postJson(bench.app.chatUrl, CHAT)).status).toBe(504);
    expect((await postJson(bench.app.chatUrl, CHAT)).status).toBe(200);
  });

  it('refuses new requests while the event loop is behind, and only then', async () => {
    const clock = new SlowClock();
    await start({ MAX_EVENT_LOOP_DELAY_MS: '50' }, clock);
    bench.upstream.always(scriptStream('Hi'));
    expect((await postJson(bench.app.chatUrl, CHAT)).status).toBe(200);
    clock.lateMs = 51;
    await eventually(async () => (await postJson(bench.app.chatUrl, CHAT)).status === 503, {
      message: 'the first refusal',
    });
    expect((await getJson(`${bench.app.url}/health/ready`)).status).toBe(200);
    clock.lateMs = 0;
    await eventually(async () => (await postJson(bench.app.chatUrl, CHAT)).status === 200, {
      message: 'the end of refusals',
    });
  });

  it('makes the openai SDK try again', async () => {
    await start({ MAX_CONCURRENT_RUNS: '1', MAX_QUEUED_RUNS: '0' });
    const hold = steps.gate();
    bench.upstream.next(scriptStream([hold, 'first'])).next(scriptStream('second'));
    const first = postJson(bench.app.chatUrl, CHAT);
    await bench.upstream.request(0);
    const client = new OpenAI({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 1 });
    const second = client.chat.completions.create({ model: 'chat', messages: HELLO });
    await eventually(
      async () => (await MetricsPage.of(bench.app.url)).sum('millrace_requests_total', { outcome: 'overloaded' }) > 0,
    );
    hold.open();
    await first;
    expect((await second).choices[0]?.message.content).toBe('second');
  });
});

describe('the end of a busy process', () => {
  let upstream: ScriptedUpstream;
  let server: ServerProcess;
  beforeAll(ensureServerIsBuilt, 120_000);
  afterEach(async () => {
    await server.process.stop();
    await upstream.close();
  });

  it('answers those who wait for a place with 503 at once', async () => {
    upstream = await ScriptedUpstream.start();
    server = await startServerProcess({ env: { OPENAI_BASE_URL: upstream.url, MAX_CONCURRENT_RUNS: '1' } });
    const chat = `${server.url}/v1/chat/completions`;
    const hold = steps.gate();
    upstream.next(scriptStream([hold, 'Hi']));
    const running = postJson(chat, CHAT);
    await upstream.request(0);
    const queued = [postJson(chat, CHAT), postJson(chat, STREAM), postJson(chat, CHAT)];
    await eventually(async () => (await MetricsPage.of(server.url)).sum('millrace_queued_runs') === 3);
    server.process.signal('SIGTERM');
    await eventually(async () => (await getJson(`${server.url}/health/ready`)).status === 503);
    hold.open();
    expect((await running).status).toBe(200);
    for (const response of queued) {
      const { status, json } = await response;
      expect([status, json]).toMatchObject([503, { error: { code: 'server_shutting_down' } }]);
    }
    expect(await server.process.exit).toEqual({ code: 0, signal: null });
    expect(upstream.requests).toHaveLength(1);
  });

  it('answers those whose body is still arriving, or waits for memory, with 503 at once', async () => {
    upstream = await ScriptedUpstream.start();
    server = await startServerProcess({ env: { OPENAI_BASE_URL: upstream.url, MAX_BODY_MEMORY: '1mb' } });
    const head = (bytes: number): string =>
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${bytes}\r\n\r\n{`;
    const clients = [1, 2].map(() => new RawConnection(server.url));
    for (const client of clients) client.send(head(12_000));
    await eventually(async () => (await MetricsPage.of(server.url)).sum('millrace_waiting_bodies') === 1);
    server.process.signal('SIGTERM');
    for (const client of clients) {
      await client.until('HTTP/1.1 503');
      await client.until('server_shutting_down');
    }
    expect(await server.process.exit).toEqual({ code: 0, signal: null });
  });
});
