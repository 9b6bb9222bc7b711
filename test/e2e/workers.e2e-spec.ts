import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { MetricsPage } from '../support/bench.js';
import { assertCompletion, eventually } from '../support/checks.js';
import { getJson, HELLO, openStream, postJson } from '../support/client.js';
import { ScriptedUpstream, scriptStream, steps } from '../support/upstream/index.js';
import {
  ensureServerIsBuilt,
  findFreePort,
  type ServerProcess,
  startServerProcess,
} from '../support/server-process.js';
import { hashKey } from '../support/callers.js';

/** Ids of the processes that this one has started. */
async function listWorkers(pid: number): Promise<readonly number[]> {
  const found = await promisify(execFile)('pgrep', ['-P', String(pid)]).catch(() => ({ stdout: '' }));
  return found.stdout.split('\n').filter(Boolean).map(Number);
}

const startTwo = async (env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> => {
  const server = await startServerProcess({ env: { WEB_CONCURRENCY: '2', DEMO_TOKENS_PER_SECOND: '0', ...env } });
  await server.process.waitForLine(/2 share the port/);
  return server;
};

const ask = (url: string): ReturnType<typeof postJson> =>
  postJson(`${url}/v1/chat/completions`, { model: 'chat', messages: HELLO });

/** Ids of the processes that have served completions so far, from their access lines. */
const listPids = ({ process }: ServerProcess): Set<string> =>
  new Set([...process.stdout.matchAll(/\[Millrace\] (\d+) .*\[Access\] POST/g)].map(([, pid = '']) => pid));

describe('several processes that continue', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    await ensureServerIsBuilt();
    server = await startTwo();
  }, 120_000);
  afterAll(() => server.process.stop());

  it('share a port, say once what they serve, and show their metrics added up, whichever is asked', async () => {
    const { url, process: child } = server;
    let requests = 0;
    await eventually(async () => {
      requests++;
      await ask(url);
      return listPids(server).size === 2;
    });
    await eventually(() => child.stdout.match(/\[Access\] POST/g)?.length === requests);
    for (let i = 0; i < 4; i++) {
      const page = await MetricsPage.of(url);
      expect(page.sum('millrace_requests_total', { workflow: 'chat', outcome: 'stop' })).toBe(requests);
      expect(page.sum('millrace_open_runs')).toBe(0);
    }
    expect(child.stdout.match(/ready at/g)).toHaveLength(1);
  });

  it('are replaced when they die', async () => {
    const { url, process: child } = server;
    const haveResponded = async (): Promise<boolean> => {
      await ask(url).catch(() => undefined);
      const workers = await listWorkers(child.pid);
      return workers.length === 2 && workers.every((worker) => listPids(server).has(String(worker)));
    };
    await eventually(haveResponded);
    const [victim = 0] = await listWorkers(child.pid);
    process.kill(victim, 'SIGKILL');
    await child.waitForLine(new RegExp(`Process ${victim} ended by SIGKILL`));
    await eventually(haveResponded, { within: 20_000 });
  });

  it('show the metrics of those that answer while one of them hangs, and the last known ones of that one', async () => {
    const { url, process: child } = server;
    await ask(url);
    const before = (await MetricsPage.of(url)).sum('millrace_requests_total', { workflow: 'chat' });
    const [victim = 0] = await listWorkers(child.pid);
    process.kill(victim, 'SIGSTOP');
    try {
      // The processes get connections in turn, so some go to the one that hangs.
      const page = await eventually(async () => {
        const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(2_500) });
        expect(response.status).toBe(200);
        return new MetricsPage(await response.text());
      });
      expect([page.sum('millrace_processes'), page.sum('millrace_processes_answered')]).toEqual([2, 1]);
      expect(page.sum('millrace_requests_total', { workflow: 'chat' })).toBe(before);
    } finally {
      process.kill(victim, 'SIGCONT');
    }
    process.kill(victim, 'SIGKILL');
    await child.waitForLine(new RegExp(`Process ${victim} ended`));
    // The counts of an ended process remain: otherwise the remaining counts would look like new requests.
    expect((await MetricsPage.of(url)).sum('millrace_requests_total', { workflow: 'chat' })).toBe(before);
  });
});

describe('several processes', () => {
  let server: ServerProcess | undefined;
  let upstream: ScriptedUpstream | undefined;
  beforeAll(ensureServerIsBuilt, 120_000);
  afterEach(async () => {
    await server?.process.stop();
    await upstream?.close();
    server = upstream = undefined;
  });

  const start = async (env: Record<string, string> = {}): Promise<ServerProcess> => (server = await startTwo(env));

  it('let their streams finish after SIGTERM, and end with 0', async () => {
    upstream = await ScriptedUpstream.start();
    const { url, process: child } = await start({ OPENAI_BASE_URL: upstream.url });
    const hold = steps.gate();
    upstream.next(scriptStream(['Still', hold, ' here']));
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
    upstream.next(scriptStream(['Still', steps.gate()]));
    const stream = await openStream(`${url}/v1/chat/completions`, { model: 'chat', stream: true, messages: HELLO });
    await stream.until((item) => item.kind === 'data' && item.data.includes('Still'));
    child.signal('SIGTERM');
    await eventually(async () => (await getJson(`${url}/health/ready`)).status === 503);
    child.signal('SIGTERM');
    expect(await child.exit).toMatchObject({ code: 143 });
    await stream.closed;
  });

  it('are replaced while the file of keys is broken, by ones with the keys that the others know', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-keys-'));
    const file = join(folder, 'keys.yaml');
    const entry = (name: string, key: string): string => `- { name: ${name}, hash: "${hashKey(key)}" }\n`;
    try {
      await writeFile(file, entry('ann', 'sk-ann'));
      const started = await start({ API_KEYS_FILE: file });
      const { url, process: child } = started;
      const askAs = async (key: string): Promise<number> => {
        const body = { model: 'chat', messages: HELLO };
        const headers = { authorization: `Bearer ${key}` };
        return (await postJson(`${url}/v1/chat/completions`, body, headers)).status;
      };
      await eventually(async () => (await askAs('sk-ann')) === 200 && listPids(started).size === 2);
      // The later of two valid files counts.
      await writeFile(file, entry('ann', 'sk-ann') + entry('bob', 'sk-bob'));
      await eventually(() => child.stdout.match(/2 keys are known now/g)?.length === 2);
      await writeFile(file, '- broken');
      await eventually(() => child.stderr.match(/the keys known before hold/g)?.length === 2);
      const [victim] = listPids(started);
      process.kill(Number(victim), 'SIGKILL');
      await child.waitForLine(/starts with the keys that the others know\. entry 1: must be a map/, { within: 20_000 });
      await eventually(
        async () => {
          expect(await askAs('sk-bob').catch(() => 200)).toBe(200);
          return listPids(started).size === 3;
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

  it('are never all missing for longer than a start takes, however soon they die', async () => {
    // A fixed port: with port 0, each new process could get another one.
    const { url, process: child } = await start({ PORT: await findFreePort() });
    // A connection that is passed to a process while that is killed never gets a response.
    const serves = async (): Promise<boolean> =>
      (await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(1_000) })).status === 200;
    const readPauses = (): readonly number[] =>
      [...child.stderr.matchAll(/another one starts in (\d+) ms/g)].map(([, ms]) => Number(ms));
    // Kills processes until the pause has grown.
    do {
      await eventually(serves, { within: 20_000 });
      const alive = await listWorkers(child.pid);
      for (const worker of alive) process.kill(worker, 'SIGKILL');
      await eventually(async () => !(await listWorkers(child.pid)).some((worker) => alive.includes(worker)));
      await eventually(() => readPauses().at(-1) === 500);
    } while (Math.max(...readPauses()) < 2_000);
    await eventually(serves, { within: 20_000 });
    expect(readPauses().at(-1)).toBe(500);
  }, 120_000);

  it.each([
    ['nosuch.invalid', 'the name nosuch\\.invalid cannot be looked up \\(\\w+\\)\\. Set HOST to .*'],
    ['192.0.2.1', 'this machine does not have the address 192\\.0\\.2\\.1\\. Set HOST to .*'],
  ])('say in one line that they cannot listen at %s, one or several', async (host, reason) => {
    const failures = ['1', '2'].map((processes) => {
      const env = { WEB_CONCURRENCY: processes, HOST: host, LOG_LEVEL: 'error' };
      return startServerProcess({ env }).catch((error: Error) => error.message);
    });
    for (const failed of await Promise.all(failures))
      expect(failed).toMatch(new RegExp(`^The process ended \\(1\\).*\\nMillrace cannot start: ${reason}$`));
  });

  it('end with 0 when their terminal is closed, which tells all of them', async () => {
    const { process: child } = await start();
    for (const pid of [...(await listWorkers(child.pid)), child.pid]) process.kill(pid, 'SIGHUP');
    expect(await child.exit).toEqual({ code: 0, signal: null });
  });

  it('say once why they cannot start', async () => {
    upstream = await ScriptedUpstream.start();
    const port = new URL(upstream.url).port;
    const failed = startServerProcess({ env: { WEB_CONCURRENCY: '2', PORT: port } });
    await expect(failed).rejects.toThrow(/port \d+ is in use/);
  });
});
