import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  assertCompletion,
  assertErrorEnded,
  ensureServerIsBuilt,
  eventually,
  gate,
  getJson,
  openStream,
  postJson,
  role,
  ScriptedUpstream,
  type ServerProcess,
  startServerProcess,
  streamOf,
  text,
} from '../support/index.js';

const HELLO = [{ role: 'user', content: 'Hello' }];

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
    const hold = gate();
    up.next(streamOf(['Still', hold, ' here']));
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

  it('ends streams that outlast the grace time with one error and [DONE]', async () => {
    const [{ url, process: child }, up] = await startWithUpstream({ SHUTDOWN_GRACE_MS: '100' });
    up.next([role(), text('Endless'), gate()]);
    const stream = await openStream(`${url}/v1/chat/completions`, { model: 'chat', stream: true, messages: HELLO });
    await stream.until((item) => item.kind === 'data' && item.data.includes('Endless'));
    child.signal('SIGTERM');
    expect(assertErrorEnded(await stream.collect())).toMatchObject({ code: 'server_shutting_down' });
    expect(await child.exit).toMatchObject({ code: 0 });
  });

  it('does not start with wrong settings, and lists them all without a stack or a value', async () => {
    const failed = await startServerProcess({
      env: { PORT: 'eighty', STREAM_DEBOUNCE_MS: '-1', LOG_LEVEL: 'loud', OPENAI_BASE_URL: 'secret-host' },
    }).catch((error: Error) => error.message);
    for (const name of ['PORT', 'STREAM_DEBOUNCE_MS', 'LOG_LEVEL', 'OPENAI_BASE_URL'])
      expect(failed).toContain(`- ${name} `);
    expect(failed).not.toContain('secret-host');
    expect(failed).not.toMatch(/\n\s+at /);
  });

  it('says so when its port is taken', async () => {
    const { url } = await start();
    const failed = await startServerProcess({ env: { PORT: new URL(url).port } }).catch(
      (error: Error) => error.message,
    );
    expect(failed).toMatch(/port \d+ is in use/);
    expect(failed).not.toMatch(/\n\s+at /);
  });
});
