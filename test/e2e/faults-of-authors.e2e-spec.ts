import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
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

describe('what authors can do wrong', () => {
  let faulty: FaultyServer;
  let server: ServerProcess | undefined;
  let upstream: ScriptedUpstream;
  beforeAll(async () => {
    faulty = await FaultyServer.build();
  }, 120_000);
  afterEach(async () => {
    await server?.process.stop();
    server = undefined;
    await upstream.close();
  });
  afterAll(() => faulty.remove());

  const start = async (env: Record<string, string> = {}): Promise<ServerProcess> => {
    upstream = await ScriptedUpstream.start();
    server = await startServerProcess({
      main: faulty.main,
      env: { OPENAI_BASE_URL: upstream.url, OPENAI_API_KEY: 'sk-test', ...env },
    });
    return server;
  };
  const openAnswer = async ({ url }: ServerProcess): Promise<{ stream: SseStream; finish: () => void }> => {
    const hold = gate();
    upstream.next(scriptStream(['Still', hold, ' here']));
    const stream = await ask(url, 'chat', 'Hello');
    await stream.until((item) => item.kind === 'data' && item.data.includes('Still'));
    return { stream, finish: () => hold.open() };
  };
  const isReady = async (url: string): Promise<boolean> => (await getJson(`${url}/health/ready`)).status === 200;

  it.each([
    ['reject a promise', /FATAL.*A promise that nobody awaits was rejected.*Open runs: .*chat chatcmpl-\w+/],
    ['throw in a timer', /FATAL.*An error that nobody caught.*Open runs: .*chat chatcmpl-\w+/],
    ['reject with error without stack', /FATAL.*A promise that nobody awaits was rejected/],
    // Node itself fails on this one, and reports that.
    ['reject with proxy', /FATAL.*An error that nobody caught/],
    ['reject with error with a list as stack', /FATAL.*A promise that nobody awaits was rejected/],
    ['throw proxy in a timer', /FATAL.*An error that nobody caught/],
    ['throw error with a symbol as message in a timer', /FATAL.*An error that nobody caught/],
    ['reject again and again', /FATAL.*A promise that nobody awaits was rejected/],
  ])('ends no answer: %s. The process finishes what is open, and leaves with 1', async (fault, line) => {
    const running = await start();
    const { stream, finish } = await openAnswer(running);
    assertCompletion(await (await ask(running.url, 'faulty', fault)).collect(), { content: 'Said.' });
    await running.process.waitForLine(line);
    await eventually(async () => !(await isReady(running.url)));
    expect((await getJson(`${running.url}/health/live`)).status).toBe(200);
    finish();
    assertCompletion(await stream.collect(), { content: 'Still here' });
    expect(await running.process.exit).toEqual({ code: 1, signal: null });
  });

  it('is logged with the stack of the error', async () => {
    const { url, process: child } = await start();
    await (await ask(url, 'faulty', 'throw in a timer')).collect();
    expect(await child.exit).toEqual({ code: 1, signal: null });
    expect(child.stderr).toMatch(/Error: too late\n\s+at .*workflows\.module/);
  });

  it('ends nothing where a model failed and nobody awaits it', async () => {
    const { url, process: child } = await start();
    assertCompletion(await (await ask(url, 'faulty', 'reject with a failure of a model')).collect(), {
      content: 'Said.',
    });
    await child.waitForLine(/ERROR.*A promise that nobody awaits was rejected/);
    expect(await isReady(url)).toBe(true);
  });

  it('ends the process with what went wrong when it starts', async () => {
    upstream = await ScriptedUpstream.start();
    const env = { REJECT_AT_START: '1', HOST: '127.0.0.1', PORT: '0' };
    const child = await startProcess([faulty.main], { env });
    expect(await child.exit).toEqual({ code: 1, signal: null });
    expect(child.stderr).toMatch(/Error: at the start\n\s+at .*workflows\.module/);
  });

  it.each([
    ['missing provider', /^Nest can't resolve dependencies of the NeedyNode \(\?\)\. .*OrderService.*WorkflowsModule/],
    ['undefined provider', /^Nest cannot create the WorkflowsModule instance\.$/],
    ['constructor that throws', /^Error: no connection to the orders$/],
  ])(
    'is reported once if Nest cannot make the application: %s. The process and commands end with 1',
    async (what, text) => {
      upstream = await ScriptedUpstream.start();
      for (const [command, settings] of [
        [[faulty.main], {}],
        [[faulty.main], { WEB_CONCURRENCY: '2', LOG_FORMAT: 'json' }],
        [[faulty.cli, 'list'], {}],
      ] as const) {
        const env = { PROVIDE: what, HOST: '127.0.0.1', PORT: '0', ...settings };
        const child = await startProcess(command, { env, cwd: faulty.folder });
        expect(await child.exit).toEqual({ code: 1, signal: null });
        expect(child.stdout).not.toMatch(/Exception/);
        const isJson = 'LOG_FORMAT' in settings;
        const message = isJson ? (JSON.parse(child.stderr) as { readonly message: string }).message : child.stderr;
        const [, said = ''] = message.split('Millrace cannot start: ');
        expect(message).toBe(`Millrace cannot start: ${said}`);
        expect(said.split('\n')[0]).toMatch(text);
        // The stack of code that threw is of use, that of Nest is not.
        expect(/^ +at /m.test(said)).toBe(what === 'constructor that throws');
      }
    },
  );

  it('does not keep other listeners from hearing of an abort, nor the process from serving', async () => {
    const { url, process: child } = await start();
    const stream = await ask(url, 'faulty', 'throw at the abort');
    await stream.until((item) => item.kind === 'data' && item.data.includes('Waiting'));
    stream.destroy();
    await child.waitForLine(/told: notice/);
    await child.waitForLine(/told: signal/);
    await eventually(
      () => child.stderr.match(/ERROR \[Run\] faulty chatcmpl-\w+ has a listener of its abort/g)?.length === 2,
    );
    expect(await isReady(url)).toBe(true);
    upstream.next(scriptStream('Fine.'));
    assertCompletion(await (await ask(url, 'chat', 'Hello')).collect(), { content: 'Fine.' });
  });

  it('lets no client end the process by leaving, where listeners are asynchronous, or objects', async () => {
    const { url, process: child } = await start();
    const stream = await ask(url, 'faulty', 'reject at the abort');
    await stream.until((item) => item.kind === 'data' && item.data.includes('Waiting'));
    stream.destroy();
    for (const [what, times] of [
      ['rejected at the abort', 2],
      ['rejected after the abort', 2],
      ['thrown by an object', 2],
      ['A value that is no Error was thrown', 2],
      ['rejected by onabort', 1],
    ] as const) {
      await eventually(() => child.stderr.split(`Error: ${what}`).length === times + 1, { message: what });
    }
    expect(child.stderr.match(/ERROR \[Run\] faulty chatcmpl-\w+ has a listener of its abort/g)).toHaveLength(9);
    expect(await isReady(url)).toBe(true);
  });

  it('ends a run that throws what cannot be read, and nothing else', async () => {
    const running = await start();
    const { stream, finish } = await openAnswer(running);
    for (const what of [
      'proxy',
      'error without stack',
      'error with a list as stack',
      'error with a symbol as message',
      'error with unreadable cause',
      'error of ours without message',
    ]) {
      for (const stream of [false, true]) {
        const { status, json } = await postJson(`${running.url}/v1/chat/completions`, {
          model: 'faulty',
          stream,
          messages: [{ role: 'user', content: `throw ${what}` }],
        });
        expect([what, status, json]).toMatchObject([what, 500, { error: { code: 'internal_error' } }]);
      }
    }
    // What another process writes arrives after its answers.
    await eventually(
      () => running.process.stderr.match(/ERROR \[Run\] faulty chatcmpl-\w+ failed by a bug/g)?.length === 12,
    );
    finish();
    assertCompletion(await stream.collect(), { content: 'Still here' });
  });

  it('lets no client end the process by leaving, where a promise with its signal is not awaited', async () => {
    const { url, process: child } = await start();
    const stream = await ask(url, 'faulty', 'wait for the abort, unawaited');
    await stream.until((item) => item.kind === 'data' && item.data.includes('Waiting'));
    stream.destroy();
    await child.waitForLine(
      /WARN.*faulty chatcmpl-\w+: a promise that nobody awaits was rejected when the run was aborted/,
    );
    expect(await isReady(url)).toBe(true);
  });

  it('does not keep the process after SIGTERM with a node that never ends', async () => {
    const { url, process: child } = await start({ SHUTDOWN_GRACE_MS: '1000' });
    const stream = await ask(url, 'faulty', 'never end');
    await stream.until((item) => item.kind === 'data');
    child.signal('SIGTERM');
    expect(assertErrorEnded(await stream.collect())).toMatchObject({ code: 'server_shutting_down' });
    expect(await within(child.exit, { within: 10_000 })).toEqual({ code: 0, signal: null });
  });

  it('does not keep the process after SIGTERM with a clean-up that never ends', async () => {
    const { url, process: child } = await start({ SHUTDOWN_GRACE_MS: '1000' });
    assertCompletion(await (await ask(url, 'faulty', 'clean up for ever')).collect(), { content: 'Said.' });
    child.signal('SIGTERM');
    expect(await within(child.exit, { within: 10_000 })).toEqual({ code: 0, signal: null });
    expect(child.stderr).toMatch(/ERROR.*Not waiting any more for runs that do not end: faulty chatcmpl-\w+/);
  });

  it('ends open responses and the process in time, whatever hooks do', async () => {
    const running = await start({ STUCK_HOOK: '1', SHUTDOWN_GRACE_MS: '100', TRACING_FLUSH_TIMEOUT_MS: '1' });
    const { stream } = await openAnswer(running);
    running.process.signal('SIGTERM');
    expect(assertErrorEnded(await stream.collect())).toMatchObject({ code: 'server_shutting_down' });
    expect(await within(running.process.exit, { within: 20_000 })).toEqual({ code: 1, signal: null });
    expect(running.process.stderr).toMatch(/The shutdown has not ended after 9101 ms.*onModuleDestroy/);
  });

  it('ends one of several processes, which is replaced while it finishes its answers', async () => {
    const running = await start({ WEB_CONCURRENCY: '2' });
    const { url, process: child } = running;
    await child.waitForLine(/2 share the port/);
    // Connections are dealt out in turn: both have one open answer.
    const answers = [await openAnswer(running), await openAnswer(running)];
    await (await ask(url, 'faulty', 'reject a promise')).collect();
    const [, leaving = ''] = await child.waitForLine(/Process (\d+) is about to end; another one starts/);
    upstream.always(scriptStream('Quick.'));
    // Once another one listens, whoever asks is served.
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
      { within: 20_000, message: 'all requests to be answered' },
    );
    expect(child.stdout + child.stderr).not.toContain(`Process ${leaving} ended`);
    for (const { finish } of answers) finish();
    for (const { stream } of answers) assertCompletion(await stream.collect(), { content: 'Still here' });
    await child.waitForLine(new RegExp(`Process ${leaving} ended with exit code 1`));
    child.signal('SIGTERM');
    expect(await child.exit).toEqual({ code: 0, signal: null });
  });

  it('ends a command with what went wrong, and exit code 1', async () => {
    upstream = await ScriptedUpstream.start();
    const child = await startProcess([faulty.cli, 'run', 'faulty', 'reject a promise'], { cwd: faulty.folder });
    expect(await child.exit).toEqual({ code: 1, signal: null });
    expect(child.stderr).toMatch(/^A promise that nobody awaits was rejected: Error: nobody awaits me\n\s+at /m);
  });
});
