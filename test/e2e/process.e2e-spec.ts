import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { assertCompletion, assertErrorEnded, eventually, within } from '../support/checks.js';
import { getJson, HELLO, openStream, postJson, type SseStream } from '../support/client.js';
import { type ChildProcess, startProcess } from '../support/process.js';
import { ScriptedUpstream, scriptStream, steps } from '../support/upstream/index.js';
import {
  ensureServerIsBuilt,
  findFreePort,
  type ServerProcess,
  startServerProcess,
} from '../support/server-process.js';
import { MAIN } from '../support/places.js';

/** More connections than Node's default queue holds. */
const CROWD = 1_500;
const LINUX_LIMITS = '/proc/self/limits';

describe('the process without any setting', () => {
  let server: ServerProcess;
  /** Its output at the start. */
  let said: { readonly stdout: string; readonly stderr: string };
  beforeAll(async () => {
    await ensureServerIsBuilt();
    server = await startServerProcess({ env: { DEMO_TOKENS_PER_SECOND: '0' } });
    await server.process.waitForLine(/curl/);
    const { stdout, stderr } = server.process;
    said = { stdout, stderr };
  }, 120_000);
  afterAll(() => server.process.stop());

  it('says in a few lines what it serves, with which provider, and where the docs are', async () => {
    const { url } = server;
    expect(said.stdout.trim().split('\n').length).toBeLessThanOrEqual(6);
    expect(said.stdout).toContain(`${url}/v1`);
    expect(said.stdout).toMatch(/chat, streaming, default \(= streaming\), reasoning/);
    expect(said.stdout).toMatch(/demo: offline/);
    expect(said.stdout).toContain(`${url}/docs`);
    expect(said.stderr).toBe('');
  });

  it('answers without any key, as a demo that says that it is one', async () => {
    const stream = await openStream(`${server.url}/v1/chat/completions`, { model: 'default', messages: HELLO });
    const [chunk] = assertCompletion(await stream.collect({ within: 10_000 }), { model: 'default', finish: 'stop' });
    expect(chunk?.system_fingerprint).toBe('millrace-demo');
  });

  const LINUX_BACKLOG = '/proc/sys/net/core/somaxconn';
  const mostWaiting = existsSync(LINUX_BACKLOG) ? Number(readFileSync(LINUX_BACKLOG, 'utf8')) : 0;
  (mostWaiting >= CROWD ? it : it.skip)('lets a crowd of connections wait while it is busy', async () => {
    const { url, process: child } = server;
    const { hostname, port } = new URL(url);
    const sockets: Socket[] = [];
    // The suspended server accepts no connections. Those beyond the system's queue would wait for seconds, or fail.
    child.signal('SIGSTOP');
    try {
      await within(
        Promise.all(
          Array.from({ length: CROWD }, () => {
            const socket = connect(Number(port), hostname);
            sockets.push(socket);
            return once(socket, 'connect');
          }),
        ),
        { message: 'all connections to be open' },
      );
    } finally {
      child.signal('SIGCONT');
      for (const socket of sockets) socket.destroy();
    }
    expect((await getJson(`${url}/health/live`)).status).toBe(200);
  });

  it('says so when its port is taken', async () => {
    const failed = await startServerProcess({ env: { PORT: new URL(server.url).port } }).catch(
      (error: Error) => error.message,
    );
    expect(failed).toMatch(/port \d+ is in use/);
    expect(failed).not.toMatch(/\n\s+at /);
  });
});

describe('the process', () => {
  let server: ServerProcess | undefined;
  let upstream: ScriptedUpstream | undefined;
  beforeAll(ensureServerIsBuilt, 120_000);
  afterEach(async () => {
    await server?.process.stop();
    await upstream?.close();
    server = upstream = undefined;
  });

  const start = async (env: Record<string, string> = {}): Promise<ServerProcess> =>
    (server = await startServerProcess({ env }));
  const startWithUpstream = async (env: Record<string, string> = {}): Promise<[ServerProcess, ScriptedUpstream]> => {
    upstream = await ScriptedUpstream.start();
    return [await start({ OPENAI_BASE_URL: upstream.url, ...env }), upstream];
  };

  it('lets open streams finish after SIGTERM, refuses new ones, and ends with 0', async () => {
    const [{ url, process: child }, up] = await startWithUpstream();
    const hold = steps.gate();
    up.next(scriptStream(['Still', hold, ' here']));
    const stream = await openStream(`${url}/v1/chat/completions`, { model: 'chat', stream: true, messages: HELLO });
    await stream.until((item) => item.kind === 'data' && item.data.includes('Still'));
    child.signal('SIGTERM');

    await eventually(async () => (await getJson(`${url}/health/ready`)).status === 503, {
      message: 'the status 503',
    });
    expect((await getJson(`${url}/health/live`)).status).toBe(200);
    const refused = await postJson(`${url}/v1/chat/completions`, { model: 'chat', messages: HELLO });
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);

    hold.open();
    assertCompletion(await stream.collect(), { content: 'Still here' });
    expect(await child.exit).toMatchObject({ code: 0 });
  });

  it('is not ready from SIGTERM on, but takes requests for SHUTDOWN_DELAY_MS, each on a connection of its own', async () => {
    const [{ url, process: child }, up] = await startWithUpstream({ SHUTDOWN_DELAY_MS: '1500' });
    const [hold, last] = [steps.gate(), steps.gate()];
    up.next(scriptStream(['Before', hold, ' and after'])).next(scriptStream(['Late', last, ' too']));
    const ask = (): Promise<SseStream> =>
      openStream(
        `${url}/v1/chat/completions`,
        { model: 'chat', stream: true, messages: HELLO },
        { headers: { connection: 'keep-alive' } },
      );
    const before = await ask();
    await before.until((item) => item.kind === 'data' && item.data.includes('Before'));
    const signalledAt = performance.now();
    child.signal('SIGTERM');

    await eventually(async () => (await getJson(`${url}/health/ready`)).status === 503, { within: 1_000 });
    const late = await ask();
    expect([before.headers.connection, late.status, late.headers.connection]).toEqual(['keep-alive', 200, 'close']);
    expect(performance.now() - signalledAt).toBeLessThan(1_500);

    up.always(scriptStream('Quick'));
    const another = { model: 'chat', stream: true, messages: HELLO };
    await eventually(async () => (await postJson(`${url}/v1/chat/completions`, another)).status === 503, {
      message: 'the end of the delay',
    });
    expect(performance.now() - signalledAt).toBeGreaterThan(1_450);
    hold.open();
    last.open();
    assertCompletion(await before.collect(), { content: 'Before and after' });
    assertCompletion(await late.collect(), { content: 'Late too' });
    expect(await child.exit).toMatchObject({ code: 0 });
  });

  it.each([
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGINT', 'SIGHUP', 129],
    ['SIGHUP', 'SIGINT', 130],
  ] as const)('leaves at once when %s is followed by %s, and says so', async (first, second, code) => {
    const [{ url, process: child }, up] = await startWithUpstream();
    up.next([steps.role(), steps.text('Endless'), steps.gate()]);
    const stream = await openStream(`${url}/v1/chat/completions`, { model: 'chat', stream: true, messages: HELLO });
    await stream.until((item) => item.kind === 'data' && item.data.includes('Endless'));
    child.signal(first);
    await eventually(async () => (await getJson(`${url}/health/ready`)).status === 503);
    child.signal(second);
    expect(await within(child.exit, { within: 5_000 })).toEqual({ code, signal: null });
    expect(child.stdout + child.stderr).toContain(`${second} after ${first}: leaving at once`);
    await stream.closed;
  });

  it('counts a Ctrl-C that npm passes on a second time as one', async () => {
    const [{ url, process: child }, up] = await startWithUpstream();
    const hold = steps.gate();
    up.next(scriptStream(['Still', hold, ' here']));
    const stream = await openStream(`${url}/v1/chat/completions`, { model: 'chat', stream: true, messages: HELLO });
    await stream.until((item) => item.kind === 'data' && item.data.includes('Still'));
    child.signal('SIGINT');
    child.signal('SIGINT');
    await eventually(async () => (await getJson(`${url}/health/ready`)).status === 503);
    hold.open();
    assertCompletion(await stream.collect(), { content: 'Still here' });
    expect(await child.exit).toMatchObject({ code: 0 });
  });

  it('ends gracefully when its terminal is closed, even if it is told twice', async () => {
    const [{ url, process: child }, up] = await startWithUpstream();
    const hold = steps.gate();
    up.next(scriptStream(['Still', hold, ' here']));
    const stream = await openStream(`${url}/v1/chat/completions`, { model: 'chat', stream: true, messages: HELLO });
    await stream.until((item) => item.kind === 'data' && item.data.includes('Still'));
    child.signal('SIGHUP');
    child.signal('SIGHUP');
    await eventually(async () => (await getJson(`${url}/health/ready`)).status === 503);
    hold.open();
    assertCompletion(await stream.collect(), { content: 'Still here' });
    expect(await child.exit).toEqual({ code: 0, signal: null });
  });

  it('ends streams that outlast the grace time with one error and [DONE]', async () => {
    const [{ url, process: child }, up] = await startWithUpstream({ SHUTDOWN_GRACE_MS: '100' });
    up.next([steps.role(), steps.text('Endless'), steps.gate()]);
    const stream = await openStream(`${url}/v1/chat/completions`, { model: 'chat', stream: true, messages: HELLO });
    await stream.until((item) => item.kind === 'data' && item.data.includes('Endless'));
    child.signal('SIGTERM');
    expect(assertErrorEnded(await stream.collect())).toMatchObject({ code: 'server_shutting_down' });
    expect(await child.exit).toMatchObject({ code: 0 });
  });

  it('does not start with wrong settings, and lists them all without a stack or a value', async () => {
    const failed = await startServerProcess({
      env: {
        PORT: 'eighty',
        STREAM_DEBOUNCE_MS: '-1',
        LOG_LEVEL: 'loud',
        OPENAI_BASE_URL: 'secret-host',
        OPENAI_APIKEY: 'secret-key',
      },
    }).catch((error: Error) => error.message);
    expect(failed).toContain('- OPENAI_APIKEY is not a setting of Millrace. Did you mean OPENAI_API_KEY?');
    expect(failed).not.toContain('secret-key');
    for (const name of ['PORT', 'STREAM_DEBOUNCE_MS', 'LOG_LEVEL', 'OPENAI_BASE_URL'])
      expect(failed).toContain(`- ${name} `);
    expect(failed).not.toContain('secret-host');
    expect(failed).not.toMatch(/\n\s+at /);
  });

  it('understands LOG_LEVEL=info, calls that level so in JSON, and says which variables have no effect', async () => {
    const { process: child } = await start({ LOG_LEVEL: 'info', LOG_FORMAT: 'json', OLLAMA_HOST: '0.0.0.0' });
    const lines = child.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: string; message: string });
    expect(lines.find(({ message }) => message.includes('is ready'))?.level).toBe('info');
    expect(lines.filter(({ message }) => message.startsWith('OLLAMA_HOST has no effect'))).toMatchObject([
      { level: 'warn' },
    ]);
  });

  it.each([
    ['a wrong setting', { DEMO_TOKENS_PER_SECOND: 'x' }, /DEMO_TOKENS_PER_SECOND/],
    ['a missing provider', { DEMO: 'off' }, /There is no model provider/],
    ['an address that is not there', { HOST: '192.0.2.1' }, /does not have the address/],
  ])('says in JSON why it does not start, where the log is JSON: %s', async (_, env, reason) => {
    const child = await startProcess([MAIN], { cwd: tmpdir(), env: { PORT: '0', LOG_FORMAT: 'json', ...env } });
    try {
      expect(await within(child.exit, { message: 'its end' })).toEqual({ code: 1, signal: null });
      const line = JSON.parse(child.stderr) as unknown;
      expect(line).toEqual({
        level: 'fatal',
        pid: child.pid,
        timestamp: expect.stringMatching(/^\d{4}-/),
        message: expect.stringMatching(reason),
      });
    } finally {
      await child.stop();
    }
  });

  (existsSync(LINUX_LIMITS) ? it.each([40, 110, 511]) : it.skip.each([0]))(
    'does not start with %i file descriptors, and says what to do',
    async (limit) => {
      const command = `ulimit -n ${limit}; exec "${process.execPath}" "${MAIN}"`;
      const child = await startProcess(['-c', command], { command: 'sh', cwd: tmpdir(), env: { PORT: '0' } });
      try {
        expect(await within(child.exit, { message: 'its end' })).toEqual({ code: 1, signal: null });
        expect(child.stderr).toMatch(
          new RegExp(`^Millrace cannot start: it may have only ${limit} files .* at least 512, .*: ulimit -n.*\n$`),
        );
      } finally {
        await child.stop();
      }
    },
  );
});

(existsSync(LINUX_LIMITS) ? describe : describe.skip)('the process when it runs out of file descriptors', () => {
  const MOST = 512;
  let upstream: ScriptedUpstream;
  let url = '';
  let child: ChildProcess;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    await ensureServerIsBuilt();
    upstream = await ScriptedUpstream.start();
    const port = await findFreePort();
    url = `http://127.0.0.1:${port}`;
    const env = { HOST: '127.0.0.1', PORT: port, OPENAI_BASE_URL: upstream.url };
    const command = `ulimit -n ${MOST}; exec "${process.execPath}" "${MAIN}"`;
    child = await startProcess(['-c', command], { command: 'sh', cwd: tmpdir(), env });
    await child.waitForLine(/ready at/, { within: 20_000 });
  }, 120_000);
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await eventually(async () => (await getJson(`${url}/health/live`)).status === 200);
  });
  afterAll(async () => {
    await child.stop();
    await upstream.close();
  });

  const open = (): Socket => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    return socket;
  };
  const useUp = async (): Promise<void> => {
    for (let i = 0; i < 600; i++) open();
    await eventually(() => sockets.some((socket) => socket.closed), { message: 'connections to be refused' });
  };

  it('says so, and continues', async () => {
    await useUp();
    await child.waitForLine(/WARN.*\[Http\] Nearly all of the 512 files and connections/);
    expect(child.stdout.match(/Nearly all/g)).toHaveLength(1);
  });

  it('does not blame the provider to which it can open no connection', async () => {
    const kept = open();
    let received = '';
    kept.on('data', (bytes: Buffer) => (received += bytes.toString()));
    kept.write('GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n');
    await eventually(() => received.includes('200 OK'), { message: 'an open connection' });
    await useUp();
    const body = JSON.stringify({ model: 'chat', messages: HELLO });
    const headers = `host: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n`;
    kept.write(`POST /v1/chat/completions HTTP/1.1\r\n${headers}\r\n${body}`);
    await eventually(() => received.includes('"error"'), { within: 15_000, message: 'the error' });
    expect(received).toMatch(/HTTP\/1\.1 503 [^]*"code":"server_overloaded"/);
  });
});
