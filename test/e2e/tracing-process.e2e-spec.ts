import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { FakeLangfuse } from '../support/fake-langfuse.js';
import { getJson } from '../support/http-client.js';
import { HELLO } from '../support/messages.js';
import type { ChildProcess } from '../support/process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { ensureServerIsBuilt, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { openStream, type SseStream } from '../support/sse-client.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { gate, role, text } from '../support/upstream/steps.js';

describe('the process, with tracing', () => {
  let server: ServerProcess | undefined;
  let upstream: ScriptedUpstream;
  let langfuse: FakeLangfuse;
  const open: { close(): Promise<void> }[] = [];
  beforeAll(ensureServerIsBuilt, 120_000);
  afterEach(async () => {
    await server?.process.stop();
    server = undefined;
    for (const each of open.splice(0)) await each.close();
  });

  const start = async (env: Record<string, string> = {}, prepare?: () => void): Promise<ServerProcess> => {
    upstream = await ScriptedUpstream.start();
    langfuse = await FakeLangfuse.start({ publicKey: 'pk-visible', secretKey: 'sk-visible' });
    open.push(upstream, langfuse);
    prepare?.();
    server = await startServerProcess({
      env: {
        OPENAI_BASE_URL: upstream.url,
        LANGFUSE_PUBLIC_KEY: 'pk-visible',
        LANGFUSE_SECRET_KEY: 'sk-visible',
        LANGFUSE_BASE_URL: langfuse.url,
        ...env,
      },
    });
    return server;
  };

  const ask = ({ url }: ServerProcess): Promise<SseStream> =>
    openStream(`${url}/v1/chat/completions`, { model: 'chat', stream: true, messages: HELLO });

  /** Checks that the process ends in time, with TRACING_FLUSH_TIMEOUT_MS at half a second. */
  const expectEndInTime = async (child: ChildProcess): Promise<void> => {
    const started = performance.now();
    child.signal('SIGTERM');
    expect(await child.exit).toMatchObject({ code: 0 });
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(child.stdout + child.stderr).toMatch(/WARN.*traces given up: \d+/);
  };

  it('says which project its traces go to, and before its end sends the trace of a completion that SIGTERM cut off', async () => {
    const running = await start({ SHUTDOWN_GRACE_MS: '100' });
    const { process: child } = running;
    await child.waitForLine(/Langfuse takes traces for the project "test-project"/);
    expect(child.stdout + child.stderr).not.toContain('visible');
    upstream.next([role(), text('Half an'), gate()]);
    const stream = await ask(running);
    await stream.until((item) => item.kind === 'data' && item.data.includes('Half an'));
    running.process.signal('SIGTERM');
    expect(await running.process.exit).toMatchObject({ code: 0 });
    const traces = langfuse.traces();
    expect(traces.map(({ traceId }) => traceId)).toEqual([stream.headers['x-trace-id']]);
    const [trace] = traces;
    const levels = trace?.spans.map(({ attributes }) => attributes['langfuse.observation.level']);
    expect(levels).toEqual(['WARNING', 'WARNING', 'WARNING']);
    expect(trace?.roots[0]?.attributes['langfuse.observation.output']).toBe('Half an');
  });

  it('tries again within its last seconds', async () => {
    const running = await start({ TRACING_FLUSH_TIMEOUT_MS: '10000' });
    langfuse.setBehaviour({ status: 503 });
    upstream.next(scriptStream('Hi'));
    await (await ask(running)).collect();
    running.process.signal('SIGTERM');
    await eventually(() => langfuse.ingestRequests.length >= 2);
    langfuse.setBehaviour('ok');
    expect(await running.process.exit).toMatchObject({ code: 0 });
    expect(langfuse.traces()).toHaveLength(1);
  });

  it('ends in time while the backend hangs', async () => {
    const running = await start({ TRACING_FLUSH_TIMEOUT_MS: '500' });
    langfuse.setBehaviour('hang');
    upstream.next(scriptStream('Hi'));
    await (await ask(running)).collect();
    await expectEndInTime(running.process);
  });

  it('says once, and without their values, that the keys are wrong', async () => {
    const { process: child, url } = await start({}, () => langfuse.rejectKeys());
    const [line] = await child.waitForLine(/.*WARN.*refuses.*/);
    expect(line).toContain('LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY');
    expect((await getJson(`${url}/health/ready`)).status).toBe(200);
    expect(child.stdout + child.stderr).not.toContain('visible');
  });

  it('says that a key is missing, and traces nothing', async () => {
    const running = await start({ LANGFUSE_SECRET_KEY: '' });
    await running.process.waitForLine(/WARN.*LANGFUSE_SECRET_KEY is not set/);
    upstream.next(scriptStream('Hi'));
    const stream = await ask(running);
    await stream.collect();
    expect(stream.headers).not.toHaveProperty('x-trace-id');
    expect(langfuse.requests).toEqual([]);
  });

  it('is ready at once where Langfuse cannot be reached, says so in few lines, and ends in time', async () => {
    const { process: child, url } = await start({ TRACING_FLUSH_TIMEOUT_MS: '500' }, () =>
      langfuse.setBehaviour('down'),
    );
    await child.waitForLine(/WARN.*could not be asked about its keys: it cannot be reached/);
    expect((await getJson(`${url}/health/ready`)).status).toBe(200);
    upstream.always(scriptStream('Hi'));
    for (let i = 0; i < 20; i++) await (await ask({ process: child, url })).collect();
    const [line] = await child.waitForLine(/.*WARN.*deliveries that failed.*/);
    expect(line).toMatch(/Langfuse: deliveries that failed: 1 \(the last: no connection \(\w+\)\)/);
    expect(child.stdout + child.stderr).not.toContain('visible');
    expect((child.stdout + child.stderr).match(/deliveries that failed/g)).toHaveLength(1);
    await expectEndInTime(child);
  });
});
