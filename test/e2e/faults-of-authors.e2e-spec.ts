import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { assertCompletion, assertErrorEnded } from '../support/chunks.js';
import { eventually, within } from '../support/eventually.js';
import { FaultyServer } from '../support/faulty-server.js';
import { getJson, postJson } from '../support/http-client.js';
import { startProcess } from '../support/process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';
import { openStream, type SseStream } from '../support/sse-client.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { gate } from '../support/upstream/steps.js';

const ask = (url: string, model: string, content: string): Promise<SseStream> =>
  openStream(`${url}/v1/chat/completions`, { model, stream: true, messages: [{ role: 'user', content }] });

const startFaulty = (
  { main }: FaultyServer,
  upstream: ScriptedUpstream,
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> =>
  startServerProcess({ main, env: { OPENAI_BASE_URL: upstream.url, OPENAI_API_KEY: 'sk-test', ...env } });

const openResponse = async (
  { url }: ServerProcess,
  upstream: ScriptedUpstream,
): Promise<{ stream: SseStream; finish: () => void }> => {
  const hold = gate();
  upstream.next(scriptStream(['Still', hold, ' here']));
  const stream = await ask(url, 'chat', 'Hello');
  await stream.until((item) => item.kind === 'data' && item.data.includes('Still'));
  return { stream, finish: () => hold.open() };
};

const isReady = async (url: string): Promise<boolean> => (await getJson(`${url}/health/ready`)).status === 200;

let faulty: FaultyServer;
beforeAll(async () => {
  faulty = await FaultyServer.build();
}, 120_000);
afterAll(() => faulty.remove());

describe('what authors can do wrong', () => {
  let server: ServerProcess | undefined;
  let upstream: ScriptedUpstream;
  afterEach(async () => {
    await server?.process.stop();
    server = undefined;
    await upstream.close();
  });

  const start = async (env: Record<string, string> = {}): Promise<ServerProcess> => {
    upstream = await ScriptedUpstream.start();
    server = await startFaulty(faulty, upstream, env);
    return server;
  };
  const failToStart = async (
    command: readonly string[],
    settings: Readonly<Record<string, string>>,
  ): Promise<{ readonly message: string }> => {
    const env = { HOST: '127.0.0.1', PORT: '0', ...settings };
    const child = await startProcess(command, { env, cwd: faulty.folder });
    expect(await child.exit).toEqual({ code: 1, signal: null });
    expect(child.stdout).not.toMatch(/Exception/);
    return { message: child.stderr };
  };
  const expectReported = (message: string, text: RegExp, hasStack: boolean): void => {
    const [, said = ''] = message.split('Millrace cannot start: ');
    expect(message).toBe(`Millrace cannot start: ${said}`);
    expect(said.split('\n')[0]).toMatch(text);
    // The stack of the author's code is useful; one of Nest's code is not.
    expect(/^ +at /m.test(said)).toBe(hasStack);
  };

  it.each([
    [
      'promises that nobody awaits',
      'reject a promise + reject with error without stack + reject with error with a list as stack + reject again and again',
      Array<RegExp>(6).fill(/FATAL.*A promise that is not awaited was rejected/),
      /FATAL.*A promise that is not awaited was rejected.*Open runs: .*chat chatcmpl-\w+/,
    ],
    [
      'errors in timers',
      'throw proxy in a timer + throw error with a symbol as message in a timer + throw in a timer',
      Array<RegExp>(3).fill(/FATAL.*An uncaught error/),
      /FATAL.*An uncaught error.*Open runs: .*chat chatcmpl-\w+[^]*Error: too late\n\s+at .*workflows\.module/,
    ],
    // Node itself fails on this value, and reports its own failure.
    ['a promise with a reason that Node cannot read', 'reject with proxy', [/FATAL.*An uncaught error/], /FATAL/],
  ])(
    'ends no response: %s. Each is logged with its stack; the process finishes what is open, and ends with 1',
    async (_, faults, lines, log) => {
      const running = await start();
      const { stream, finish } = await openResponse(running, upstream);
      assertCompletion(await (await ask(running.url, 'faulty', faults)).collect(), { content: 'Said.' });
      await eventually(
        () => (running.process.stderr.match(new RegExp(lines[0] ?? '', 'g'))?.length ?? 0) >= lines.length,
      );
      await eventually(() => log.test(running.process.stderr));
      await eventually(async () => !(await isReady(running.url)));
      expect((await getJson(`${running.url}/health/live`)).status).toBe(200);
      finish();
      assertCompletion(await stream.collect(), { content: 'Still here' });
      expect(await running.process.exit).toEqual({ code: 1, signal: null });
    },
  );

  it('ends the process with what went wrong when it starts', async () => {
    upstream = await ScriptedUpstream.start();
    const env = { REJECT_AT_START: '1', HOST: '127.0.0.1', PORT: '0' };
    const child = await startProcess(['--enable-source-maps', faulty.main], { env });
    expect(await child.exit).toEqual({ code: 1, signal: null });
    expect(child.stderr).toMatch(/Error: at the start\n\s+at .*workflows\.module/);
  });

  it.each([
    ['missing provider', /^Nest can't resolve dependencies of the NeedyNode \(\?\)\. .*OrderService.*WorkflowsModule/],
    ['undefined provider', /^Nest cannot create the WorkflowsModule instance\.$/],
    ['constructor that throws', /^Error: no connection to the orders$/],
  ])('is reported once if Nest cannot make the application: %s. The process ends with 1', async (what, text) => {
    upstream = await ScriptedUpstream.start();
    const { message } = await failToStart([faulty.main], { PROVIDE: what });
    expectReported(message, text, what === 'constructor that throws');
  });

  it('is reported once by several processes, in JSON, and by a command, too, which end with 1', async () => {
    upstream = await ScriptedUpstream.start();
    const [several, command] = await Promise.all([
      failToStart([faulty.main], { PROVIDE: 'constructor that throws', WEB_CONCURRENCY: '2', LOG_FORMAT: 'json' }),
      failToStart([faulty.cli, 'list'], { PROVIDE: 'constructor that throws' }),
    ]);
    const { message } = JSON.parse(several.message) as { readonly message: string };
    for (const said of [message, command.message]) expectReported(said, /^Error: no connection to the orders$/, true);
  });

  it('does not keep the process after SIGTERM with a node or a clean-up that never ends', async () => {
    const { url, process: child } = await start({ SHUTDOWN_GRACE_MS: '100' });
    assertCompletion(await (await ask(url, 'faulty', 'clean up for ever')).collect(), { content: 'Said.' });
    const stream = await ask(url, 'faulty', 'never end');
    await stream.until((item) => item.kind === 'data');
    child.signal('SIGTERM');
    expect(assertErrorEnded(await stream.collect())).toMatchObject({ code: 'server_shutting_down' });
    expect(await within(child.exit, { within: 10_000 })).toEqual({ code: 0, signal: null });
    // Only the run with the endless clean-up is left: the run of the endless node has ended with its response.
    expect(child.stderr).toMatch(/ERROR.*No longer waiting for runs that do not end: faulty chatcmpl-\w+$/m);
  });

  it('ends open responses and the process in time, whatever hooks do', async () => {
    const running = await start({ STUCK_HOOK: '1', SHUTDOWN_GRACE_MS: '100', TRACING_FLUSH_TIMEOUT_MS: '1' });
    const { stream } = await openResponse(running, upstream);
    running.process.signal('SIGTERM');
    expect(assertErrorEnded(await stream.collect())).toMatchObject({ code: 'server_shutting_down' });
    expect(await within(running.process.exit, { within: 20_000 })).toEqual({ code: 1, signal: null });
    expect(running.process.stderr).toMatch(/The shutdown has not ended after 9101 ms.*onModuleDestroy/);
  });

  it('ends one of several processes, which is replaced while it finishes its responses', async () => {
    const running = await start({ WEB_CONCURRENCY: '2' });
    const { url, process: child } = running;
    await child.waitForLine(/2 share the port/);
    // The processes get connections in turn, so each one has an open stream.
    const responses = [await openResponse(running, upstream), await openResponse(running, upstream)];
    await (await ask(url, 'faulty', 'reject a promise')).collect();
    const [, leaving = ''] = await child.waitForLine(/Process (\d+) is about to end; another one starts/);
    upstream.always(scriptStream('Quick.'));
    // As soon as a replacement listens, every request is served.
    await eventually(
      async () => {
        for (let i = 0; i < 6; i++) {
          const { status } = await postJson(`${url}/v1/chat/completions`, {
            model: 'chat',
            messages: [{ role: 'user', content: 'Hello' }],
          });
          if (status !== 200) return false;
        }
        return true;
      },
      { within: 20_000, message: 'responses to all requests' },
    );
    expect(child.stdout + child.stderr).not.toContain(`Process ${leaving} ended`);
    for (const { finish } of responses) finish();
    for (const { stream } of responses) assertCompletion(await stream.collect(), { content: 'Still here' });
    await child.waitForLine(new RegExp(`Process ${leaving} ended with exit code 1`));
    child.signal('SIGTERM');
    expect(await child.exit).toEqual({ code: 0, signal: null });
  });

  it('ends a command with what went wrong, and exit code 1', async () => {
    upstream = await ScriptedUpstream.start();
    const child = await startProcess([faulty.cli, 'run', 'faulty', 'reject a promise'], { cwd: faulty.folder });
    expect(await child.exit).toEqual({ code: 1, signal: null });
    expect(child.stderr).toMatch(/^A promise that is not awaited was rejected: Error: nobody awaits me\n\s+at /m);
  });
});

describe('what authors can do wrong without an end of the process', () => {
  let server: ServerProcess;
  let upstream: ScriptedUpstream;
  /** Length of the log before the test. */
  let length = 0;
  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    server = await startFaulty(faulty, upstream);
  });
  beforeEach(() => {
    length = server.process.stderr.length;
  });
  afterAll(async () => {
    await server.process.stop();
    await upstream.close();
  });

  const readLog = (): string => server.process.stderr.slice(length);

  it('ends nothing where a model failed and nobody awaits it', async () => {
    const { url, process: child } = server;
    assertCompletion(await (await ask(url, 'faulty', 'reject with a failure of a model')).collect(), {
      content: 'Said.',
    });
    await child.waitForLine(/ERROR.*A promise that is not awaited was rejected/);
    expect(await isReady(url)).toBe(true);
  });

  it('does not keep other listeners from hearing of an abort, nor the process from serving', async () => {
    const { url, process: child } = server;
    const stream = await ask(url, 'faulty', 'throw at the abort');
    await stream.until((item) => item.kind === 'data' && item.data.includes('Waiting'));
    stream.destroy();
    await child.waitForLine(/told: notice/);
    await child.waitForLine(/told: signal/);
    await eventually(
      () => readLog().match(/ERROR \[Run\] faulty chatcmpl-\w+ has a listener of its abort/g)?.length === 2,
    );
    expect(await isReady(url)).toBe(true);
    upstream.next(scriptStream('Fine.'));
    assertCompletion(await (await ask(url, 'chat', 'Hello')).collect(), { content: 'Fine.' });
  });

  it('lets no client end the process by leaving, where listeners are asynchronous, or objects', async () => {
    const { url } = server;
    const stream = await ask(url, 'faulty', 'reject at the abort');
    await stream.until((item) => item.kind === 'data' && item.data.includes('Waiting'));
    stream.destroy();
    for (const [what, times] of [
      ['rejected at the abort', 3],
      ['rejected after the abort', 3],
      ['thrown by an object', 3],
      ['A value that is no Error was thrown', 3],
      ['rejected by onabort', 1],
    ] as const) {
      await eventually(() => readLog().split(`Error: ${what}`).length === times + 1, { message: what });
    }
    expect(readLog().match(/ERROR \[Run\] faulty chatcmpl-\w+ has a listener of its abort/g)).toHaveLength(13);
    expect(await isReady(url)).toBe(true);
  });

  it('ends a run that throws what cannot be read, and nothing else', async () => {
    const { stream, finish } = await openResponse(server, upstream);
    for (const what of [
      'proxy',
      'error without stack',
      'error with a list as stack',
      'error with a symbol as message',
      'error with unreadable cause',
      'error of ours without message',
    ]) {
      for (const stream of [false, true]) {
        const { status, json } = await postJson(`${server.url}/v1/chat/completions`, {
          model: 'faulty',
          stream,
          messages: [{ role: 'user', content: `throw ${what}` }],
        });
        expect([what, status, json]).toMatchObject([what, 500, { error: { code: 'internal_error' } }]);
      }
    }
    // The log of another process may arrive after its responses.
    await eventually(() => readLog().match(/ERROR \[Run\] faulty chatcmpl-\w+ failed by a bug/g)?.length === 12);
    finish();
    assertCompletion(await stream.collect(), { content: 'Still here' });
  });

  it('lets no client end the process by leaving, where a promise with its signal is not awaited', async () => {
    const { url, process: child } = server;
    const stream = await ask(url, 'faulty', 'wait for the abort, unawaited');
    await stream.until((item) => item.kind === 'data' && item.data.includes('Waiting'));
    stream.destroy();
    await child.waitForLine(
      /WARN.*faulty chatcmpl-\w+: a promise that is not awaited was rejected when the run was aborted/,
    );
    expect(await isReady(url)).toBe(true);
  });
});
