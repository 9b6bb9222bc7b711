import { connect } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { getJson, postJson } from '../support/http-client.js';
import { type LogLine, readLogLines } from '../support/log-capture.js';
import { HELLO } from '../support/messages.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { ensureServerIsBuilt, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { openStream } from '../support/sse-client.js';
import { scriptCompletion, scriptStream, tokens } from '../support/upstream/scripts.js';
import { chunk, errorBody, gate, httpError, role, stall, text } from '../support/upstream/steps.js';

describe('the access log', () => {
  let server: ServerProcess;
  let upstream: ScriptedUpstream;
  beforeAll(ensureServerIsBuilt, 120_000);
  afterEach(async () => {
    await server.process.stop();
    await upstream.close();
  });

  const start = async (env: Record<string, string> = {}): Promise<string> => {
    upstream = await ScriptedUpstream.start();
    server = await startServerProcess({
      env: { OPENAI_BASE_URL: upstream.url, UPSTREAM_MAX_RETRIES: '0', LOG_FORMAT: 'json', ...env },
    });
    return `${server.url}/v1/chat/completions`;
  };
  const linesSoFar = (): readonly LogLine[] => readLogLines(server.process.stdout, 'Access');
  const lines = (count: number): Promise<readonly LogLine[]> =>
    eventually(() => (linesSoFar().length >= count ? linesSoFar() : undefined), { message: `${count} lines` });

  it('writes one line at the end of each request, with all that is known about it', async () => {
    const chat = await start({ STREAM_OPEN_GRACE_MS: '20', RUN_TIMEOUT_MS: '4000' });
    upstream.next(scriptStream('Hi', { usage: tokens(9, 2) }));
    const whole = await postJson(`${chat}?key=in-the-query`, { model: 'chat', messages: HELLO });
    upstream.next(scriptStream('Hi', { usage: tokens(9, 3) }));
    await (await openStream(chat, { model: 'chat', stream: true, messages: HELLO })).collect();
    upstream.next(scriptStream('Hi', { finish: 'length' }));
    await postJson(chat, { model: 'chat', messages: HELLO });
    await postJson(chat, { model: 'chat', messages: [] });
    await postJson(chat, { model: 'nothing', messages: HELLO });
    upstream.next(httpError(500, errorBody('down')));
    await postJson(chat, { model: 'chat', messages: HELLO });
    await getJson(`${server.url}/v1/models`);
    upstream.next([role(), text('Too slow'), stall()]);
    await postJson(chat, { model: 'chat', messages: HELLO });

    const [first, second, ...others] = await lines(8);
    expect(first).toEqual({
      level: 'info',
      pid: server.process.pid,
      timestamp: expect.any(Number),
      context: 'Access',
      message: 'POST /v1/chat/completions 200 stop',
      method: 'POST',
      path: '/v1/chat/completions',
      status: 200,
      outcome: 'stop',
      duration_ms: expect.any(Number),
      workflow: 'chat',
      stream: false,
      input_tokens: 9,
      output_tokens: 2,
      request_id: whole.headers['x-request-id'],
      run_id: (whole.json as { id: string }).id,
    });
    expect(second).toMatchObject({ stream: true, first_token_ms: expect.any(Number), output_tokens: 3 });
    expect(second?.['first_token_ms'] as number).toBeLessThanOrEqual(second?.['duration_ms'] as number);
    expect(others.map(({ status, outcome, workflow }) => [status, outcome, workflow])).toEqual([
      [200, 'length', 'chat'],
      [400, 'invalid_request', undefined],
      [404, 'unknown_model', 'unknown'],
      [502, 'upstream_error', 'chat'],
      [200, 'ok', undefined],
      [504, 'deadline', 'chat'],
    ]);
    expect(linesSoFar()).toHaveLength(8);
    expect(server.process.stdout).not.toContain('in-the-query');
  });

  it('says 499 for clients that left before they were answered, and keeps the status that others were sent', async () => {
    const chat = await start();
    upstream.next([gate()]);
    const leaving = new AbortController();
    const request = fetch(chat, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'chat', messages: HELLO }),
      signal: leaving.signal,
    });
    await upstream.request(0);
    leaving.abort();
    await expect(request).rejects.toHaveProperty('name', 'AbortError');
    expect(await lines(1)).toMatchObject([{ status: 499, outcome: 'client_abort', workflow: 'chat', stream: false }]);

    upstream.next([role(), text('Once'), stall()]);
    const stream = await openStream(chat, { model: 'chat', stream: true, messages: HELLO });
    await stream.until((item) => item.kind === 'data' && item.data.includes('Once'));
    stream.destroy();
    const [, second] = await lines(2);
    expect(second).toMatchObject({ status: 200, outcome: 'client_abort', first_token_ms: expect.any(Number) });
  });

  it('writes a line for bytes that are not HTTP, and shows paths without characters that could forge lines', async () => {
    await start();
    const port = Number(new URL(server.url).port);
    connect(port, '127.0.0.1').end('HELLO\r\n\r\n');
    expect(await lines(1)).toMatchObject([{ method: '-', path: '-', status: 400, outcome: 'invalid_request' }]);
    await getJson(`${server.url}/x%0A%1b[31m/${'y'.repeat(999)}`);
    connect(port, '127.0.0.1').end('GET http://user:pass@x/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    const [, long, absolute] = await lines(3);
    expect(long?.['path']).toMatch(/^\/x%0A%1b\[31m\/y+$/);
    expect(long?.['path']).toHaveLength(256);
    expect(absolute?.['path']).toBe('-');
    expect(server.process.stdout).not.toContain('pass@');
  });

  it('is readable for people, and shows probes at the level debug only', async () => {
    const chat = await start({ LOG_FORMAT: 'pretty', LOG_LEVEL: 'debug' });
    upstream.next(scriptStream('Hi'));
    await postJson(chat, { model: 'chat', messages: HELLO });
    await getJson(`${server.url}/health/ready`);
    const [line] = await server.process.waitForLine(/LOG \[Access\] POST .*/);
    expect(line).toMatch(
      /POST \/v1\/chat\/completions 200 stop duration_ms=\d+ workflow=chat stream=false input_tokens=10 output_tokens=1 request_id=req_\w+/,
    );
    await server.process.waitForLine(/DEBUG \[Access\] GET \/health\/ready 200 ok/);
  });

  it('leaves probes out at its usual level', async () => {
    const chat = await start();
    for (const path of ['/health/live', '/health/ready', '/metrics']) await getJson(server.url + path);
    await postJson(chat, { model: 'nothing', messages: HELLO });
    expect(await lines(1)).toMatchObject([{ path: '/v1/chat/completions' }]);
  });

  it.each([
    ['debug', 'json'],
    ['verbose', 'json'],
    ['verbose', 'pretty'],
  ])(
    'holds neither content nor keys, like the rest of the log, at level %s as %s',
    async (level, format) => {
      const KEY = 'sk-upstream-zqx7w';
      const SECRET = 'zebra-diagnosis';
      const chat = await start({
        LOG_LEVEL: level,
        LOG_FORMAT: format,
        OPENAI_API_KEY: KEY,
        UPSTREAM_MAX_RETRIES: '1',
        UPSTREAM_IDLE_TIMEOUT_MS: '200',
      });
      const said = [{ role: 'user', content: `My ${SECRET}` }];
      const headers = { authorization: `Bearer ${SECRET}`, 'api-key': SECRET, cookie: `a=${SECRET}` };
      const ask = (body: object = {}): Promise<unknown> =>
        postJson(`${chat}?api_key=${SECRET}`, { model: 'chat', messages: said, user: SECRET, ...body }, headers);
      const quoting = errorBody(`${SECRET} of ${KEY}`, { type: 'invalid_request_error', param: SECRET });

      upstream.next(scriptStream(`Your ${SECRET}`));
      await ask();
      for (const status of [400, 401, 404, 422, 429]) {
        upstream.next(httpError(status, quoting));
        // The server waits once for a rate limit.
        if (status === 429) upstream.next(httpError(status, quoting));
        await ask();
      }
      const busy = httpError(503, quoting, { 'retry-after-ms': '1' });
      upstream.next(busy).next(busy);
      await ask();
      for (const stream of [true, false]) {
        upstream.next([role(), text(SECRET), chunk(quoting)]);
        await ask({ stream });
        upstream.next([role(), text(SECRET), stall()]);
        await ask({ stream });
      }
      // Outputs that do not fit the class: one has the secret in its text, one in its names.
      upstream.next(scriptStream('A draft')).next(scriptCompletion({ [SECRET]: SECRET }));
      await ask({ model: 'streaming' });
      upstream.next(scriptStream('A draft')).next(scriptStream(`{"thinking": ${SECRET}`));
      await ask({ model: 'streaming' });
      await ask({ temperature: SECRET });
      await ask({ [SECRET]: SECRET, messages: SECRET });
      await ask({ model: SECRET });
      await postJson(chat, `{"model": ${SECRET}`, headers);
      await getJson(`${server.url}/docs-json?token=${SECRET}`, headers);
      connect(Number(new URL(server.url).port), '127.0.0.1').end(`${SECRET}\r\n\r\n`);

      // The line of the last request shows that the log is complete up to it.
      await server.process.waitForLine(/- - 400 invalid_request/);
      const output = server.process.stdout + server.process.stderr;
      expect(output.match(/POST \/v1\/chat\/completions/g)?.length).toBeGreaterThanOrEqual(17);
      expect(output).not.toContain(SECRET);
      expect(output).not.toContain(KEY);
      expect(output).not.toMatch(/zqx7w/);
    },
    60_000,
  );
});
