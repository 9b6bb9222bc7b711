import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  assertCompletion,
  ensureServerIsBuilt,
  eventually,
  gate,
  getJson,
  openStream,
  postJson,
  ScriptedUpstream,
  type ServerProcess,
  startServerProcess,
  streamOf,
} from '../support/index.js';
import { sha256 } from '../../src/kernel/index.js';
import { MetricsPage } from '../support/metrics-page.js';

const HELLO = [{ role: 'user', content: 'Hello' }];

describe('several processes', () => {
  let server: ServerProcess | undefined;
  let upstream: ScriptedUpstream | undefined;
  beforeAll(ensureServerIsBuilt, 120_000);
  afterEach(async () => {
    await server?.process.stop();
    await upstream?.close();
    server = upstream = undefined;
  });

  const start = async (env: Record<string, string> = {}): Promise<ServerProcess> => {
    server = await startServerProcess({ env: { WEB_CONCURRENCY: '2', DEMO_TOKENS_PER_SECOND: '0', ...env } });
    await server.process.waitForLine(/2 share the port/);
    return server;
  };
  const ask = (url: string): ReturnType<typeof postJson> =>
    postJson(`${url}/v1/chat/completions`, { model: 'chat', messages: HELLO });

  /** Ids of the processes that have answered requests for an answer so far, from their access lines. */
  const answeredBy = ({ process }: ServerProcess): Set<string> =>
    new Set([...process.stdout.matchAll(/\[Millrace\] (\d+) .*\[Access\] POST/g)].map(([, pid = '']) => pid));

  it('share a port, say once what they serve, and show their metrics added up, whichever is asked', async () => {
    const started = await start();
    const { url, process: child } = started;
    let requests = 0;
    await eventually(async () => {
      requests++;
      await ask(url);
      return answeredBy(started).size === 2;
    });
    await eventually(() => child.stdout.match(/\[Access\] POST/g)?.length === requests);
    for (let i = 0; i < 4; i++) {
      const page = await MetricsPage.of(url);
      expect(page.sum('millrace_requests_total', { workflow: 'chat', outcome: 'stop' })).toBe(requests);
      expect(page.sum('millrace_open_runs')).toBe(0);
    }
    expect(child.stdout.match(/ready at/g)).toHaveLength(1);
  });

  it('let their streams finish after SIGTERM, and end with 0', async () => {
    upstream = await ScriptedUpstream.start();
    const { url, process: child } = await start({ OPENAI_BASE_URL: upstream.url });
    const hold = gate();
    upstream.next(streamOf(['Still', hold, ' here']));
    const stream = await openStream(`${url}/v1/chat/completions`, { model: 'chat', stream: true, messages: HELLO });
    await stream.until((item) => item.kind === 'data' && item.data.includes('Still'));
    child.signal('SIGTERM');
    await eventually(async () => (await getJson(`${url}/health/ready`)).status === 503);
    hold.open();
    assertCompletion(await stream.collect(), { content: 'Still here' });
    expect(await child.exit).toMatchObject({ code: 0 });
  });

  it('leave at once at the second signal', async () => {
    upstream = await ScriptedUpstream.start();
    const { url, process: child } = await start({ OPENAI_BASE_URL: upstream.url });
    upstream.next(streamOf(['Still', gate()]));
    const stream = await openStream(`${url}/v1/chat/completions`, { model: 'chat', stream: true, messages: HELLO });
    await stream.until((item) => item.kind === 'data' && item.data.includes('Still'));
    child.signal('SIGTERM');
    await eventually(async () => (await getJson(`${url}/health/ready`)).status === 503);
    child.signal('SIGTERM');
    expect(await child.exit).toMatchObject({ code: 143 });
    await stream.closed;
  });

  it('are replaced when they die', async () => {
    const started = await start();
    const { url, process: child } = started;
    await eventually(async () => {
      await ask(url);
      return answeredBy(started).size === 2;
    });
    const [victim = ''] = answeredBy(started);
    process.kill(Number(victim), 'SIGKILL');
    await child.waitForLine(new RegExp(`Process ${victim} ended by SIGKILL`));
    await eventually(
      async () => {
        await ask(url).catch(() => undefined);
        return answeredBy(started).size === 3;
      },
      { within: 20_000 },
    );
  });

  it('are replaced while the file of keys is broken, by ones with the keys that the others know', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-keys-'));
    const file = join(folder, 'keys.yaml');
    const entry = (name: string, key: string): string => `- { name: ${name}, hash: "sha256:${sha256(key)}" }\n`;
    try {
      await writeFile(file, entry('ann', 'sk-ann'));
      const started = await start({ API_KEYS_FILE: file });
      const { url, process: child } = started;
      const askAs = async (key: string): Promise<number> => {
        const body = { model: 'chat', messages: HELLO };
        const headers = { authorization: `Bearer ${key}` };
        return (await postJson(`${url}/v1/chat/completions`, body, headers)).status;
      };
      await eventually(async () => (await askAs('sk-ann')) === 200 && answeredBy(started).size === 2);
      // Of two good states the later one counts.
      await writeFile(file, entry('ann', 'sk-ann') + entry('bob', 'sk-bob'));
      await eventually(() => child.stdout.match(/2 keys are known now/g)?.length === 2);
      await writeFile(file, '- broken');
      await eventually(() => child.stderr.match(/the keys known before hold/g)?.length === 2);
      for (const [index, pid] of [...answeredBy(started)].entries()) {
        process.kill(Number(pid), 'SIGKILL');
        await eventually(
          () =>
            child.stderr.match(/starts with the keys that the others know\. entry 1: must be a map/g)?.length ===
            index + 1,
          { within: 20_000, message: 'the next process' },
        );
      }
      await eventually(
        async () => {
          expect(await askAs('sk-bob').catch(() => 200)).toBe(200);
          return answeredBy(started).size === 4;
        },
        { within: 20_000 },
      );
      await writeFile(file, entry('eve', 'sk-eve'));
      await eventually(() => child.stdout.match(/1 keys are known now/g)?.length === 2);
      expect([await askAs('sk-eve'), await askAs('sk-bob')]).toEqual([200, 401]);
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 60_000);

  it('do not start at first with a broken file of keys', async () => {
    const failed = startServerProcess({ env: { WEB_CONCURRENCY: '2', API_KEYS_FILE: '/nowhere/keys.yaml' } });
    await expect(failed).rejects.toThrow(/API_KEYS_FILE: cannot be read: ENOENT/);
  });

  it('say once why they cannot start', async () => {
    upstream = await ScriptedUpstream.start();
    const port = new URL(upstream.url).port;
    const failed = startServerProcess({ env: { WEB_CONCURRENCY: '2', PORT: port } });
    await expect(failed).rejects.toThrow(/port \d+ is in use/);
  });
});
