import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { getJson } from '../support/http-client.js';
import { MetricsPage } from '../support/metrics-page.js';
import { type ChildProcess, startProcess } from '../support/process.js';
import { ensureServerIsBuilt, findFreePort, startServerProcess } from '../support/server-process.js';
import { DIST } from '../support/places.js';

const LOST = 'millrace_log_lines_dropped_total';
/** Concurrent requests. Each has a log line of about 600 bytes, and up to 1 MiB of lines may wait to be written. */
const AT_ONCE = 20;

const quote = (text: string): string => `"${text}"`;

describe('a log that cannot be written', () => {
  let child: ChildProcess | undefined;
  beforeAll(ensureServerIsBuilt, 120_000);
  afterEach(async () => {
    await child?.stop();
    child = undefined;
  });

  const countLost = async (url: string): Promise<number> => (await MetricsPage.of(url)).sum(LOST);
  const isAlive = async (url: string): Promise<boolean> => (await getJson(`${url}/health/live`)).status === 200;

  it.each(['1', '2'])('ends nothing when its reader has gone (processes: %s)', async (processes) => {
    const server = await startServerProcess({ env: { WEB_CONCURRENCY: processes } });
    child = server.process;
    child.closeStdout();
    await eventually(async () => {
      await getJson(`${server.url}/v1/nothing`);
      return (await countLost(server.url)) > 3;
    });
    expect(child.stderr).toMatch(/ERROR.*Log lines are dropped: standard output cannot be written \(EPIPE\)/);
    child.signal('SIGTERM');
    expect(await child.exit).toEqual({ code: 0, signal: null });
  });

  it('ends nothing when the disk is full', async () => {
    const port = await findFreePort();
    const url = `http://127.0.0.1:${port}`;
    const command = `exec ${quote(process.execPath)} ${quote(join(DIST, 'main.js'))} > /dev/full`;
    child = await startProcess(['-c', command], { command: 'sh', cwd: DIST, env: { HOST: '127.0.0.1', PORT: port } });
    await child.waitForLine(/Log lines are dropped: standard output cannot be written \(ENOSPC\)/, { within: 20_000 });
    await eventually(() => isAlive(url), { within: 20_000 });
    await getJson(`${url}/v1/nothing`);
    await eventually(async () => (await countLost(url)) > 3);
    expect(child.stderr.match(/Log lines are dropped/g)).toHaveLength(1);
    child.signal('SIGTERM');
    expect(await child.exit).toEqual({ code: 0, signal: null });
  });

  it('is bounded while nobody reads it, and says how many lines it has lost when somebody does', async () => {
    const { url, process: running } = await startServerProcess({
      env: { LOG_FORMAT: 'json' },
    });
    child = running;
    running.pauseStdout();
    const path = `/v1/${'x'.repeat(250)}`;
    const ask = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) await (await fetch(url + path)).arrayBuffer();
    };
    await eventually(
      async () => {
        await Promise.all(Array.from({ length: AT_ONCE }, ask));
        return (await countLost(url)) > 100;
      },
      { within: 40_000, message: 'lines to be dropped' },
    );
    expect(running.stderr).toMatch(/Log lines are dropped: standard output cannot be written \(nobody reads it\)/);
    running.resumeStdout();
    await eventually(
      async () => {
        await getJson(`${url}/v1/nothing`);
        return /"message":"\d+ log lines were dropped: standard output could not be written"/.test(running.stdout);
      },
      { message: 'the number of lines that were dropped' },
    );
    const [, said = ''] = /"(\d+) log lines were dropped/.exec(running.stdout) ?? [];
    expect(Number(said)).toBeGreaterThan(100);
  }, 60_000);

  it.each([
    ['a reader that has enough is no fault of a command', '| head -1', 0, /^$/],
    ['a disk that is full is one', '> /dev/full', 1, /^The output cannot be written: ENOSPC\n$/],
  ])('%s', async (_, where, code, stderr) => {
    const command = `${quote(process.execPath)} ${quote(join(DIST, 'cli.js'))} graph streaming --format json ${where}`;
    child = await startProcess(['-c', command], { command: 'sh', cwd: DIST });
    expect(await child.exit).toEqual({ code, signal: null });
    expect(child.stderr).toMatch(stderr);
  });
});
