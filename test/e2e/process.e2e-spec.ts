import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { assertCompletion, assertErrorEnded, eventually, within } from '../support/checks.js';
import { getJson, HELLO, openStream, postJson, type SseStream } from '../support/client.js';
import { startProcess } from '../support/process.js';
import { ScriptedUpstream, scriptStream, steps } from '../support/upstream/index.js';
import {
  ensureServerIsBuilt,
  findFreePort,
  type ServerProcess,
  startServerProcess,
} from '../support/server-process.js';

/** More than Node lets wait by default. */
const CROWD = 1_500;

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

  it('says in a few lines what it serves, with which provider, and where the docs are', async () => {
    const { process: child, url } = await start();
    await child.waitForLine(/curl/);
    expect(child.stdout.trim().split('\n').length).toBeLessThanOrEqual(6);
    expect(child.stdout).toContain(`${url}/v1`);
    expect(child.stdout).toMatch(/chat, streaming, default \(= streaming\), reasoning/);
    expect(child.stdout).toMatch(/demo: offline/);
    expect(child.stdout).toContain(`${url}/docs`);
    expect(child.stderr).toBe('');
  });

  it('answers without any key, as a demo that says that it is one', async () => {
    const { url } = await start({ DEMO_TOKENS_PER_SECOND: '0' });
    const stream = await openStream(`${url}/v1/chat/completions`, { model: 'default', messages: HELLO });
    const [chunk] = assertCompletion(await stream.collect({ within: 10_000 }), { model: 'default', finish: 'stop' });
    expect(chunk?.system_fingerprint).toBe('millrace-demo');
  });

  it('lets open streams finish after SIGTERM, refuses new ones, and ends with 0', async () => {
    const [{ url, process: child }, up] = await startWithUpstream();
    const hold = steps.gate();
    up.next(scriptStream(['Still', hold, ' here']));
    const stream = await openStream(`${url}/v1/chat/completions`, { model: 'chat', stream: true, messages: HELLO });
    await stream.until((item) => item.kind === 'data' && item.data.includes('Still'));
    child.signal('SIGTERM');

    await eventually(async () => (await getJson(`${url}/health/ready`)).status === 503, {
      message: 'ready to say 503',
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
    expect(before.headers.connection).toBe('keep-alive');
    const signalledAt = performance.now();
    child.signal('SIGTERM');

    await eventually(async () => (await getJson(`${url}/health/ready`)).status === 503, { within: 1_000 });
    expect((await getJson(`${url}/health/live`)).status).toBe(200);
    const late = await ask();
    expect([late.status, late.headers.connection]).toEqual([200, 'close']);
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
    ['SIGINT', 'SIGTERM', 143],
    ['SIGTERM', 'SIGINT', 130],
    ['SIGTERM', 'SIGHUP', 129],
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
    expect(failed).toContain('- OPENAI_APIKEY is no setting of Millrace. Did you mean OPENAI_API_KEY?');
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

  const LINUX_BACKLOG = '/proc/sys/net/core/somaxconn';
  const mostWaiting = existsSync(LINUX_BACKLOG) ? Number(readFileSync(LINUX_BACKLOG, 'utf8')) : 0;
  (mostWaiting >= CROWD ? it : it.skip)('lets a crowd of connections wait while it is busy', async () => {
    const { url, process: child } = await start();
    const { hostname, port } = new URL(url);
    const sockets: Socket[] = [];
    // The server is busy throughout. Clients for which the system's queue has no room would wait for seconds, or fail.
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

  const LINUX_LIMITS = '/proc/self/limits';
  (existsSync(LINUX_LIMITS) ? it : it.skip)('says when it runs out of file descriptors, and goes on', async () => {
    const port = await findFreePort();
    const url = `http://127.0.0.1:${port}`;
    const command = `ulimit -n 512; exec "${process.execPath}" "${join(import.meta.dirname, '../../dist/main.js')}"`;
    const env = { HOST: '127.0.0.1', PORT: port };
    const child = await startProcess(['-c', command], { command: 'sh', cwd: tmpdir(), env });
    const sockets: Socket[] = [];
    try {
      await child.waitForLine(/ready at/, { within: 20_000 });
      for (let i = 0; i < 600; i++) {
        const socket = connect(Number(port), '127.0.0.1');
        socket.on('error', () => undefined);
        sockets.push(socket);
      }
      await child.waitForLine(/WARN.*\[Http\] Nearly all of the 512 files and connections/);
      await eventually(() => sockets.some((socket) => socket.closed), { message: 'connections to be refused' });
      for (const socket of sockets.splice(0)) socket.destroy();
      await eventually(async () => (await getJson(`${url}/health/live`)).status === 200);
      expect(child.stdout.match(/Nearly all/g)).toHaveLength(1);
    } finally {
      for (const socket of sockets) socket.destroy();
      await child.stop();
    }
  });

  it.each([
    ['a wrong setting', { DEMO_TOKENS_PER_SECOND: 'x' }, /DEMO_TOKENS_PER_SECOND/],
    ['a missing provider', { DEMO: 'off' }, /There is no model provider/],
    ['an address that is not there', { HOST: '192.0.2.1' }, /does not have the address/],
  ])('says in JSON why it does not start, where the log is JSON: %s', async (_, env, reason) => {
    const main = join(import.meta.dirname, '../../dist/main.js');
    const child = await startProcess([main], { cwd: tmpdir(), env: { PORT: '0', LOG_FORMAT: 'json', ...env } });
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

  (existsSync(LINUX_LIMITS) ? it.each([40, 60, 110, 256, 400, 511]) : it.skip.each([0]))(
    'does not start with %i file descriptors, and says what to do',
    async (limit) => {
      const command = `ulimit -n ${limit}; exec "${process.execPath}" "${join(import.meta.dirname, '../../dist/main.js')}"`;
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

  (existsSync(LINUX_LIMITS) ? it : it.skip)(
    'does not blame the provider when it has no descriptor left for a connection to it',
    async () => {
      upstream = await ScriptedUpstream.start();
      const port = await findFreePort();
      const command = `ulimit -n 512; exec "${process.execPath}" "${join(import.meta.dirname, '../../dist/main.js')}"`;
      const env = { HOST: '127.0.0.1', PORT: port, OPENAI_BASE_URL: upstream.url };
      const child = await startProcess(['-c', command], { command: 'sh', cwd: tmpdir(), env });
      const open = (): Socket => connect(Number(port), '127.0.0.1').on('error', () => undefined);
      const sockets: Socket[] = [];
      try {
        await child.waitForLine(/ready at/, { within: 20_000 });
        const kept = open();
        sockets.push(kept);
        let answer = '';
        kept.on('data', (bytes: Buffer) => (answer += bytes.toString()));
        kept.write('GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n');
        await eventually(() => answer.includes('200 OK'), { message: 'a connection that is kept' });
        for (let i = 0; i < 600; i++) sockets.push(open());
        await eventually(() => sockets.some((socket) => socket.closed), { message: 'connections to be refused' });
        const body = JSON.stringify({ model: 'chat', messages: HELLO });
        const headers = `host: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n`;
        kept.write(`POST /v1/chat/completions HTTP/1.1\r\n${headers}\r\n${body}`);
        await eventually(() => answer.includes('"error"'), { within: 15_000, message: 'the error' });
        expect(answer).toMatch(/HTTP\/1\.1 503 [^]*"code":"server_overloaded"/);
      } finally {
        for (const socket of sockets) socket.destroy();
        await child.stop();
      }
    },
  );

  it('says so when its port is taken', async () => {
    const { url } = await start();
    const failed = await startServerProcess({ env: { PORT: new URL(url).port } }).catch(
      (error: Error) => error.message,
    );
    expect(failed).toMatch(/port \d+ is in use/);
    expect(failed).not.toMatch(/\n\s+at /);
  });
});
