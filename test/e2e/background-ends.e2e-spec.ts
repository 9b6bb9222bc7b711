import { rm } from 'node:fs/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MetricsPage } from '../support/bench.js';
import { eventually } from '../support/checks.js';
import { getJson, readResponse, send } from '../support/client.js';
import {
  stripFrames,
  beginResponse,
  followResponse,
  readOutputText,
  readStream,
  readUntilCut,
  responseUrl,
  retrieve,
} from '../support/logged.js';
import { failResponse } from '../support/responses-client.js';
import { ensureServerIsBuilt, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { makeTemporaryFolder } from '../support/temporary-folder.js';
import { ScriptedUpstream, scriptStream, steps } from '../support/upstream/index.js';

/** Each test starts two servers. */
const LONGEST_MS = 90_000;

describe('a response in the background whose process ends', () => {
  let folder: string;
  let upstream: ScriptedUpstream;
  let server: ServerProcess;
  const app = {
    get baseUrl() {
      return `${server.url}/v1`;
    },
  };
  beforeAll(ensureServerIsBuilt, 120_000);
  beforeEach(async () => {
    folder = await makeTemporaryFolder('ends');
    upstream = await ScriptedUpstream.start();
  });
  afterEach(async () => {
    await server.process.stop();
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (env: Record<string, string> = {}): Promise<void> => {
    server = await startServerProcess({
      env: { OPENAI_BASE_URL: upstream.url, OPENAI_API_KEY: 'sk-test', RUNS_DIR: folder, ...env },
    });
  };

  it(
    'continues at the next start if a shutdown interrupts it, waiting or not; its streams close without a last event',
    async () => {
      const env = { SHUTDOWN_GRACE_MS: '300', RUNS_CONCURRENCY: '1' };
      await start(env);
      const door = steps.gate();
      upstream.next(scriptStream(['Hel', door, 'lo']));
      const { id } = await beginResponse(app);
      await door.reached;
      const { id: waiting } = await beginResponse(app);
      const readers = [id, waiting].map((each) => readUntilCut(app, each));
      await eventually(async () => (await retrieve(app, id)).output.length === 1);
      server.process.signal('SIGTERM');
      const seen = await Promise.all(readers);
      expect(seen.map((text) => /response\.(completed|incomplete|failed)|\[DONE\]/.test(text))).toEqual([false, false]);
      await server.process.exit;
      upstream.next(scriptStream('Hello again')).next(scriptStream('Hello, too'));
      await start(env);
      await server.process.waitForLine(/Runs had not ended when their process did: 1 continue, 1 that waited begin/);
      for (const [place, expected] of ['Hello again', 'Hello, too'].entries()) {
        const { text } = await followResponse(app, [id, waiting][place] ?? '');
        const { response } = readStream(text);
        expect([response.status, readOutputText(response)]).toEqual(['completed', expected]);
        expect(stripFrames(text).startsWith(stripFrames(seen[place] ?? '?'))).toBe(true);
      }
    },
    LONGEST_MS,
  );

  it(
    'comes to its end within the time that a shutdown gives it',
    async () => {
      await start();
      const door = steps.gate();
      upstream.next(scriptStream(['Hel', door, 'lo']));
      const { id } = await beginResponse(app);
      await door.reached;
      const reader = followResponse(app, id);
      server.process.signal('SIGTERM');
      await server.process.waitForLine(/Shutting down/);
      door.open();
      expect(readStream((await reader).text).response.status).toBe('completed');
      await server.process.exit;
      await start();
      expect((await retrieve(app, id)).status).toBe('completed');
    },
    LONGEST_MS,
  );

  it(
    'is refused where nothing is kept, or another process has the folder',
    async () => {
      await start({ RUNS: 'off' });
      expect(await failResponse(app, { background: true })).toMatchObject({
        status: 400,
        param: 'background',
        code: 'runs_disabled',
      });
      await server.process.stop();
      await start();
      upstream.next(scriptStream('Hello'));
      const { id } = await beginResponse(app);
      await followResponse(app, id);
      const first = server;
      try {
        await start();
        const { response } = send('POST', responseUrl(app, '').slice(0, -1), {
          model: 'chat',
          input: 'Hi',
          background: true,
        });
        const { status, headers } = await readResponse(await response);
        expect([status, headers['retry-after']]).toEqual([503, '2']);
        expect((await getJson(responseUrl(app, id))).status).toBe(503);
        expect((await MetricsPage.of(server.url)).sum('millrace_store_up')).toBe(0);
        expect((await MetricsPage.of(first.url)).sum('millrace_store_up')).toBe(1);
      } finally {
        await first.process.stop();
      }
    },
    LONGEST_MS,
  );
});
