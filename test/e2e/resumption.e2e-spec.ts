import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/checks.js';
import { getJson } from '../support/client.js';
import {
  stripFrames,
  beginResponse,
  followResponse,
  readOutputText,
  readStream,
  readUntilCut,
  retrieve,
} from '../support/logged.js';
import { ensureServerIsBuilt, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { useStoreIn } from '../support/store-in-folder.js';
import { makeTemporaryFolder } from '../support/temporary-folder.js';
import { type Script, scriptCompletion, ScriptedUpstream, scriptStream, steps } from '../support/upstream/index.js';

const DIE_AFTER_COMMIT = pathToFileURL(join(import.meta.dirname, '../support/die-after-commit.mjs')).href;

/** Each test starts two servers or more. */
const LONGEST_MS = 120_000;

describe('runs whose process dies, when the next one is there', () => {
  let folder: string;
  let upstream: ScriptedUpstream;
  let servers: ServerProcess[];
  const app = {
    get baseUrl() {
      return `${servers.at(-1)?.url}/v1`;
    },
  };
  beforeAll(ensureServerIsBuilt, 120_000);
  beforeEach(async () => {
    servers = [];
    folder = await makeTemporaryFolder('resumption');
    upstream = await ScriptedUpstream.start();
  });
  afterEach(async () => {
    for (const { process } of servers) await process.stop();
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const server = await startServerProcess({
      env: { OPENAI_BASE_URL: upstream.url, OPENAI_API_KEY: 'sk-test', RUNS_DIR: folder, METRICS: 'on', ...env },
    });
    servers.push(server);
    return server;
  }

  async function kill({ process }: ServerProcess): Promise<void> {
    process.signal('SIGKILL');
    await process.exit;
  }

  it(
    'report half-written text as void, write it again, and run no finished step twice',
    async () => {
      const first = await start();
      const door = steps.gate();
      upstream.next(scriptStream('A draft', { usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } }));
      upstream.next(scriptStream(['{"thinking":"Hal', door, 'f"']));
      const { id } = await beginResponse(app, { model: 'streaming' });
      let seen = '';
      const reader = readUntilCut(app, id, (text) => (seen = text));
      await eventually(() => seen.includes('Hal'));
      await kill(first);
      door.open();
      await reader;
      const last = Number(/.*"sequence_number":(\d+)/s.exec(seen)?.[1]);

      const usage = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 };
      upstream.next(scriptCompletion({ thinking: 'Whole', reply: 'Hello' }, { usage }));
      await start();
      const { text } = await followResponse(app, id);
      const { response } = readStream(text);
      const output = [{ status: 'completed' }, { status: 'incomplete', content: [] }, { status: 'completed' }];
      expect([readOutputText(response), response]).toMatchObject([
        'A draft\n\n{"thinking":"Whole","reply":"Hello"}',
        { status: 'completed', output, usage: { total_tokens: 33 } },
      ]);
      expect(stripFrames(text).startsWith(stripFrames(seen))).toBe(true);
      const rest = await followResponse(app, id, `&starting_after=${last}`);
      expect(stripFrames(seen) + stripFrames(rest.text).replace(/^retry: \d+\n/, '')).toBe(stripFrames(text));
      expect(await retrieve(app, id)).toEqual(response);
      expect(upstream.requests).toHaveLength(3);
      const metrics = (await getJson(`${servers.at(-1)?.url}/metrics`)).text;
      expect(metrics).toMatch(/^millrace_run_resumptions_total\{workflow="streaming"\} 1$/m);
    },
    LONGEST_MS,
  );

  it(
    'run the silent steps that had not finished again, and begin those that waited',
    async () => {
      const plan = { basics: 'B?', benefits: 'F?', risks: 'R?' };
      const door = steps.gate();
      let isHeld = true;
      const asked: string[] = [];
      upstream.always(({ body }): Script => {
        const { content } = body.messages.at(-1) ?? {};
        const question = typeof content === 'string' ? content : '';
        const isJoining = JSON.stringify(body.messages[0]).includes('findings');
        asked.push(isJoining ? 'join' : question);
        if (body.response_format !== undefined) return scriptCompletion(plan);
        if (isHeld && question === 'F?') return scriptStream(['So', door, 'on']);
        return scriptStream(isJoining ? 'All of it' : `About ${question}`);
      });
      const env = { RUNS_CONCURRENCY: '1' };
      const first = await start(env);
      const { id } = await beginResponse(app, { model: 'research', input: 'Q?' }, { 'millrace-events': 'true' });
      let seen = '';
      const reader = readUntilCut(app, id, (text) => (seen = text));
      const { id: waiting } = await beginResponse(app, { input: 'Later' });
      const hasFinished = (node: string): boolean =>
        new RegExp(`"node-finished","seq":\\d+,"node":"${node}"`).test(seen);
      await eventually(() => asked.includes('F?') && hasFinished('basics') && hasFinished('risks'));
      await kill(first);
      await reader;
      isHeld = false;
      door.open();

      await start(env);
      expect(readOutputText(readStream((await followResponse(app, id)).text).response)).toBe('All of it');
      const later = readStream((await followResponse(app, waiting)).text).response;
      expect(readOutputText(later)).toBe('About Later');
      expect(asked.toSorted()).toEqual(['B?', 'F?', 'F?', 'Later', 'Q?', 'R?', 'join']);
    },
    LONGEST_MS,
  );

  it.each([
    ['a step', '"type":"node-finished"', false],
    ['the run', '"type":"run-finished"', true],
  ])(
    'lose nothing and repeat nothing if it dies after the end of %s was committed and before the reply',
    async (_, words, isOver) => {
      const isDraft = ({ body }: { readonly body: object }): boolean => !('response_format' in body);
      upstream.always((request) =>
        isDraft(request) ? scriptStream('A draft') : scriptCompletion({ thinking: 'Whole', reply: 'Hello' }),
      );
      const first = await start({ NODE_OPTIONS: `--import ${DIE_AFTER_COMMIT}`, DIE_AFTER: words });
      const { id } = await beginResponse(app, { model: 'streaming' });
      let seen = '';
      const reader = readUntilCut(app, id, (text) => (seen = text)).catch(() => undefined);
      expect(await first.process.exit).toEqual({ code: null, signal: 'SIGKILL' });
      await reader;
      expect(seen).not.toContain('response.completed');
      const asked = upstream.requests.length;

      await start();
      const { text } = await followResponse(app, id);
      const { response } = readStream(text);
      const said = 'A draft\n\n{"thinking":"Whole","reply":"Hello"}';
      expect([response.status, readOutputText(response)]).toEqual(['completed', said]);
      expect(stripFrames(text).startsWith(stripFrames(seen))).toBe(true);
      expect(await retrieve(app, id)).toEqual(response);
      // The model of the second step was not called before, or its output was not stored.
      const [drafts, more] = [upstream.requests.filter(isDraft).length, upstream.requests.length - asked];
      expect([drafts, more <= (isOver ? 0 : 1)]).toEqual([1, true]);
    },
    LONGEST_MS,
  );

  it(
    'end when four processes in a row have died with them, and no model is asked a fifth time',
    async () => {
      const door = steps.gate();
      upstream.always(scriptStream(['Hel', door, 'lo']));
      let server = await start();
      const { id } = await beginResponse(app);
      for (let death = 1; death <= 4; death++) {
        await upstream.request(death - 1);
        await eventually(async () => JSON.stringify((await retrieve(app, id)).output.at(-1)).includes('Hel'));
        await kill(server);
        server = await start();
      }
      const { response, error } = readStream((await followResponse(app, id)).text);
      expect([response.status, error?.message]).toEqual([
        'failed',
        'The server stopped 4 times in a row while this ran, so it is not started again.',
      ]);
      expect(upstream.requests).toHaveLength(4);
      door.open();
    },
    LONGEST_MS,
  );

  it(
    'stay cancelled if they were asked to be, and fail if their workflow is gone',
    async () => {
      const door = steps.gate();
      upstream.next(scriptStream(['Hel', door, 'lo']));
      const first = await start();
      const { id } = await beginResponse(app);
      await door.reached;
      await kill(first);
      door.open();
      await useStoreIn(folder, async (logs) => {
        const run = (await logs.findLost([], 'nobody'))[0];
        await logs.markCancelled(run?.id ?? '');
        const request = (await logs.findRequest(run?.id ?? '')) ?? '';
        const head = (await logs.find(id, 'anybody'))?.head ?? '';
        if (run === undefined) throw new Error('There is no run');
        const gone = { ...run, head: head.replaceAll(id, 'resp_2'), request, id: 'run_2', segment: 'resp_2' };
        await logs.create({ ...gone, workflow: 'gone' });
      });
      await start();
      await eventually(async () => (await retrieve(app, id)).status === 'cancelled');
      const { response, error } = readStream((await followResponse(app, 'resp_2')).text);
      expect([response.status, error?.message]).toEqual([
        'failed',
        'The server was restarted while this ran, and the workflow "gone" has changed or is gone since. Send the request again.',
      ]);
    },
    LONGEST_MS,
  );

  it(
    'continue in another process while theirs is frozen, whose later writes are refused',
    async () => {
      const frozen = await start();
      const door = steps.gate();
      upstream.next(scriptStream(['Hel', door, 'lo']));
      const { id } = await beginResponse(app);
      let seen = '';
      const reader = readUntilCut(app, id, (text) => (seen = text));
      await eventually(() => seen.includes('Hel'));
      frozen.process.signal('SIGSTOP');
      upstream.next(scriptStream('Hello'));
      const next = await start();
      try {
        await next.process.waitForLine(/Runs had not ended/, { within: 30_000 });
        const told = await followResponse(app, id);
        expect(readOutputText(readStream(told.text).response)).toBe('Hello');
        frozen.process.signal('SIGCONT');
        door.open();
        await frozen.process.waitForLine(/Another process has taken over RUNS_DIR/);
        expect(stripFrames(told.text).startsWith(stripFrames(await reader))).toBe(true);
        // It serves no data of the folder, and has written none.
        expect((await getJson(`${frozen.url}/v1/responses/${id}`)).status).toBe(503);
        expect((await followResponse(app, id)).text).toBe(told.text);
      } finally {
        frozen.process.signal('SIGCONT');
      }
      await next.process.stop();
      await frozen.process.stop();
      await start();
      expect(readOutputText(readStream((await followResponse(app, id)).text).response)).toBe('Hello');
      expect(upstream.requests).toHaveLength(2);
    },
    LONGEST_MS,
  );
});
