import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from '@jest/globals';
import { Bench, RecordingTracer } from '../support/bench.js';
import { assertCompletion, assertValidError, eventually, readContent } from '../support/checks.js';
import { getJson, HELLO, openStream, postJson, readResponse, send, type SseStream } from '../support/client.js';
import {
  describeWithNginx,
  type GatewaySettings,
  makeDefaultConfig,
  Nginx,
  readShippedConfig,
} from '../support/nginx.js';
import { SlowLink } from '../support/slow-link.js';
import { httpError, scriptStream, steps } from '../support/upstream/index.js';

const SETTINGS: GatewaySettings = {
  GATEWAY_BODY_LIMIT: '10m',
  GATEWAY_READ_TIMEOUT: '1s',
  GATEWAY_KEEP_ALIVE: '60s',
};

let bench: Bench;
let nginx: Nginx;
let tracer: RecordingTracer;
const open: { stop: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

type Configure = (listen: string, upstream: string) => string | Promise<string>;

async function start(configure: Configure, env: Readonly<Record<string, string>> = {}): Promise<void> {
  tracer = new RecordingTracer();
  bench = await Bench.start({ tracer, env: { STREAM_HEARTBEAT_MS: '300', ...env } });
  open.push({ stop: () => bench.close() });
  await startNginx((listen) => configure(listen, new URL(bench.app.url).host));
}

async function startNginx(configure: (listen: string) => string | Promise<string>): Promise<void> {
  nginx = await Nginx.start(configure);
  open.push(nginx);
}

/** The delay of the slow link in each direction, in milliseconds. */
const LINK_DELAY_MS = 100;
const LANES = Array.from({ length: 24 }, (_, lane) => lane);
let link: SlowLink;

/** Starts the shipped configuration with a slow network between nginx and the service, so that messages can cross. */
async function startOverSlowLink(
  settings: Partial<GatewaySettings>,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await start(async (listen, upstream) => {
    link = await SlowLink.to(upstream, LINK_DELAY_MS);
    open.push(link);
    return readShippedConfig({ ...SETTINGS, ...settings }, listen, link.address);
  }, env);
}

/** Sends a POST over a connection that the agent keeps, and returns the status. */
function readStatus(agent: Agent, body: unknown): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    request(chatUrl(), { method: 'POST', agent, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    })
      .once('error', reject)
      .end(JSON.stringify(body));
  });
}

/** Sends raw bytes, and returns the response. */
async function sendBytes(bytes: string): Promise<{ head: string; json: unknown }> {
  const { hostname, port } = new URL(nginx.url);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  const [head = '', body = ''] = (await readText(socket)).split('\r\n\r\n');
  return { head, json: JSON.parse(body) as unknown };
}

/** Requests a path exactly as written; a URL would normalise it. */
async function getRaw(path: string): ReturnType<typeof readResponse> {
  const asked = request(nginx.url, { path, agent: false }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return readResponse(response);
}

const chatUrl = (): string => `${nginx.url}/v1/chat/completions`;
const ask = (headers: Readonly<Record<string, string>> = {}): Promise<SseStream> =>
  openStream(chatUrl(), { model: 'chat', stream: true, messages: HELLO }, { headers });
const readBody = (bytes: number): string => {
  const body = JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: '' }] });
  return body.replace('"content":""', `"content":"${'a'.repeat(bytes - body.length)}"`);
};

describeWithNginx.each<[string, Configure]>([
  ["nginx's default settings", (listen, upstream) => makeDefaultConfig('1s', listen, upstream)],
  ['the shipped configuration', (listen, upstream) => readShippedConfig(SETTINGS, listen, upstream)],
])('behind nginx with %s', (_, configure) => {
  it('gives each token to the client before the next one is made', async () => {
    await start(configure);
    const words = ['One', ' two', ' three', ' four'];
    const gates = words.map(() => steps.gate());
    bench.upstream.next([
      steps.role(),
      ...words.flatMap((word, i) => [steps.text(word), gates[i] ?? steps.gate()]),
      steps.finish('stop'),
      steps.done(),
    ]);
    const stream = await ask();
    for (const [i, word] of words.entries()) {
      await stream.until((item) => item.kind === 'data' && item.data.includes(word));
      expect(readContent(stream.items)).toBe(words.slice(0, i + 1).join(''));
      gates[i]?.open();
    }
    assertCompletion(await stream.collect(), { content: words.join('') });
  });

  it('survives silences longer than the read timeout, before and between tokens', async () => {
    await start(configure);
    const [first, second] = [steps.gate(), steps.gate()];
    bench.upstream.next([
      steps.role(),
      first,
      steps.text('Hi'),
      second,
      steps.text('!'),
      steps.finish('stop'),
      steps.done(),
    ]);
    const stream = await ask();
    const silence = async (): Promise<void> => {
      const begin = performance.now();
      await stream.until((item) => item.kind === 'comment' && item.at - begin > 2_200);
    };
    await silence();
    first.open();
    await stream.until((item) => item.kind === 'data' && item.data.includes('Hi'));
    await silence();
    second.open();
    assertCompletion(await stream.collect(), { content: 'Hi!' });
  });

  it('ends the call of the model when a client leaves, streamed or not, before and during the response', async () => {
    await start(configure);
    bench.upstream
      .next([steps.role(), steps.text('Hi'), steps.stall()])
      .next([steps.stall()])
      .next([steps.stall()]);
    const amid = await ask();
    await amid.until((item) => item.kind === 'data' && item.data.includes('Hi'));
    amid.destroy();
    for (const stream of [true, false]) {
      const { request: leaving, response } = send('POST', chatUrl(), { model: 'chat', stream, messages: HELLO });
      response.catch(() => undefined);
      await bench.upstream.request(stream ? 1 : 2);
      leaving.destroy();
    }
    await eventually(() => bench.upstream.requests.length === 3 && bench.upstream.open === 0, {
      within: 5_000,
      message: 'the end of all calls',
    });
  });

  it('passes request id and trace context on, and the response back unchanged', async () => {
    await start(configure);
    bench.upstream.next(scriptStream('Hi'));
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const stream = await ask({ 'x-request-id': 'client-4711', traceparent });
    await stream.collect();
    expect(stream.headers).toMatchObject({
      'x-request-id': 'client-4711',
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
    });
    expect(stream.headers['x-trace-id']).toBe(tracer.traces[0]?.id);
    expect(tracer.traces[0]?.start).toMatchObject({ traceparent, metadata: { request_id: 'client-4711' } });
  });

  it('leaves errors as they are', async () => {
    await start(configure);
    bench.upstream
      .next(httpError(429, 'slow down', { 'retry-after': '7' }))
      .next([steps.role(), steps.text('Hi'), { kind: 'hang-up' }]);
    const refused = await postJson(chatUrl(), { model: 'chat', stream: true, messages: HELLO });
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '7']);
    for (const [response, status, code] of [
      [refused, 429, expect.any(String)],
      [await postJson(chatUrl(), { model: 'none', messages: HELLO }), 404, 'model_not_found'],
      [await postJson(chatUrl(), '{"model":'), 400, null],
      [await postJson(chatUrl(), { model: 'chat' }), 400, 'missing_required_parameter'],
      [await getJson(`${nginx.url}/v1/nothing`), 404, 'unknown_url'],
    ] as const) {
      expect(response.status).toBe(status);
      assertValidError(response.json);
      expect(response.json).toMatchObject({ error: { code } });
      expect(response.headers['x-request-id']).toMatch(/^req_/);
    }
    const broken = await ask();
    expect((await broken.collect()).some((item) => item.kind === 'data' && item.data.includes('"error"'))).toBe(true);
  });

  it('answers with a whole completion that takes less than the read timeout', async () => {
    await start(configure);
    bench.upstream.next(scriptStream('Hi there'));
    const { status, json } = await postJson(chatUrl(), { model: 'chat', messages: HELLO });
    expect([status, json]).toMatchObject([200, { choices: [{ message: { content: 'Hi there' } }] }]);
  });
});

describeWithNginx('nginx with its default settings', () => {
  it('takes bodies of up to 1 MB only, and says so in HTML: one reason for the shipped configuration', async () => {
    await start((listen, upstream) => makeDefaultConfig('1s', listen, upstream));
    bench.upstream.next(scriptStream('Hi'));
    expect((await postJson(chatUrl(), readBody(1_000_000))).status).toBe(200);
    const refused = await postJson(chatUrl(), readBody(1_100_000));
    expect([refused.status, refused.headers['content-type'], refused.json]).toEqual([413, 'text/html', undefined]);
  });
});

describeWithNginx('nginx with the shipped configuration', () => {
  const configureShipped =
    (settings: Partial<GatewaySettings> = {}): Configure =>
    (listen, upstream) =>
      readShippedConfig({ ...SETTINGS, ...settings }, listen, upstream);

  it('takes bodies up to BODY_LIMIT, and refuses longer ones as the service does', async () => {
    // Its time limit is for silence, and a slow machine needs its second to parse 10 MB.
    await start(configureShipped({ GATEWAY_READ_TIMEOUT: '20s' }));
    const limit = 10 * 1024 ** 2;
    bench.upstream.next(scriptStream('Hi'));
    expect((await postJson(chatUrl(), readBody(limit))).status).toBe(200);
    const refused = await postJson(chatUrl(), readBody(limit + 1));
    expect([refused.status, refused.json]).toMatchObject([413, { error: { code: 'request_too_large' } }]);
    assertValidError(refused.json);
  });

  it('answers in the same form when the service is gone, or silent for too long', async () => {
    await start(configureShipped());
    bench.upstream.next([steps.stall()]);
    const silent = await postJson(chatUrl(), { model: 'chat', messages: HELLO });
    expect([silent.status, silent.headers['x-should-retry']]).toEqual([504, 'false']);
    assertValidError(silent.json);
    await startNginx((listen) => readShippedConfig(SETTINGS, listen, '127.0.0.1:1'));
    const gone = await postJson(chatUrl(), { model: 'chat', messages: HELLO });
    expect([gone.status, gone.json]).toMatchObject([502, { error: { code: 'gateway_unavailable' } }]);
    assertValidError(gone.json);
  });

  const HEADERS = 'host: a\r\nconnection: close\r\n';
  it.each([
    ['a path with a zero byte', 400, `GET /v1/models%00 HTTP/1.1\r\n${HEADERS}\r\n`],
    ['a path with a zero byte and a body', 400, `POST /v1/%00 HTTP/1.1\r\n${HEADERS}content-length: 2\r\n\r\n{}`],
    ['no HTTP', 400, 'nonsense\r\n\r\n'],
    ['no host', 400, 'GET /v1/models HTTP/1.1\r\nconnection: close\r\n\r\n'],
    ['a path that is too long', 414, `GET /${'a'.repeat(40_000)} HTTP/1.1\r\n${HEADERS}\r\n`],
    ['a header that is too long', 400, `GET / HTTP/1.1\r\n${HEADERS}x: ${'a'.repeat(40_000)}\r\n\r\n`],
    ['another version of HTTP', 505, `GET / HTTP/3.0\r\n${HEADERS}\r\n`],
    ['a method that it does not take', 405, `TRACE / HTTP/1.1\r\n${HEADERS}\r\n`],
    ['an encoding that it does not know', 501, `POST / HTTP/1.1\r\n${HEADERS}transfer-encoding: x\r\n\r\n`],
    ['the address of its own error', 404, `GET /gateway/bad-request HTTP/1.1\r\n${HEADERS}\r\n`],
  ])('answers %s in the same form', async (_, status, bytes) => {
    await startNginx((listen) => readShippedConfig(SETTINGS, listen, '127.0.0.1:1'));
    const { head, json } = await sendBytes(bytes);
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toMatch(/\r\nx-request-id: req_/i);
    assertValidError(json);
    expect(nginx.errors).not.toContain('empty URI');
  });

  it('gives a request an id that is safe', async () => {
    await start(configureShipped());
    const { headers } = await getJson(`${nginx.url}/v1/models`, { 'x-request-id': '<script>' });
    expect(headers['x-request-id']).toMatch(/^req_[0-9a-f]{32}$/);
    await eventually(() => nginx.accessLog.includes(String(headers['x-request-id'])));
  });

  it('keeps /metrics and /health inside, however they are written', async () => {
    await start(configureShipped());
    const inside = ['/metrics', '/metrics/', '/Metrics', '/health', '/health/live', '/health/ready', '/HEALTH/Ready/'];
    const written = ['/%68ealth/live', '/health%2Flive', '//health/live', '/docs/../health/live', '/health/ready?x=1'];
    for (const path of [...inside, ...written]) {
      const { status, json } = await getRaw(path);
      expect([path, status, json]).toMatchObject([path, 404, { error: { code: 'unknown_url' } }]);
      assertValidError(json);
    }
    for (const path of ['/metrics', '/health/live', '/health/ready']) {
      expect((await getJson(`${bench.app.url}${path}`)).status).toBe(200);
    }
    const live = await getJson(`${nginx.url}/gateway/live`);
    expect([live.status, live.json]).toEqual([200, { status: 'ok' }]);
  });

  it.each([
    ['loses no request when idle connections time out, since it gives up on them first', '1s', 'none'],
    ['would lose requests, the other way round', '60s', 'some'],
  ])('%s', async (_, keepAlive, lost) => {
    await startOverSlowLink({ GATEWAY_KEEP_ALIVE: keepAlive }, { HTTP_KEEP_ALIVE_TIMEOUT_MS: '1500' });
    const agent = new Agent({ keepAlive: true });
    const post = (): Promise<number> => readStatus(agent, { model: 'none', messages: HELLO });
    const statuses: number[] = [];
    // Some versions of Node wait a second longer than configured.
    for (const timeoutMs of [1_000, 1_500, 2_500]) {
      statuses.push(...(await Promise.all(LANES.map(post))));
      const idle = LANES.map(async (lane) => {
        await sleep(timeoutMs - 2.5 * LINK_DELAY_MS + lane * 10);
        return post();
      });
      statuses.push(...(await Promise.all(idle)));
    }
    agent.destroy();
    // This shows that the gateway keeps connections.
    expect(link.connections).toBeLessThan(statuses.length);
    expect(statuses.filter((status) => status !== 404 && status !== 502)).toEqual([]);
    expect(statuses.includes(502) ? 'some' : 'none').toBe(lost);
  });

  it('loses no request when a service shuts down', async () => {
    await start(configureShipped(), { SHUTDOWN_GRACE_MS: '5000' });
    const hold = steps.gate();
    bench.upstream.next(scriptStream(['Still', hold, ' here']));
    const stream = await ask();
    await stream.until((item) => item.kind === 'data' && item.data.includes('Still'));
    const closing = bench.app.nest.close();
    await eventually(async () => (await getJson(`${bench.app.url}/health/ready`)).status === 503);
    const refused = await postJson(chatUrl(), { model: 'chat', messages: HELLO });
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    assertValidError(refused.json);
    hold.open();
    assertCompletion(await stream.collect(), { content: 'Still here' });
    await closing;
  });
});
