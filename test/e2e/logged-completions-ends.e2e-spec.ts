import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { assertCompletion, assertErrorEnded, eventually, readContent, readFrames } from '../support/checks.js';
import {
  stripStream,
  beginCompletion,
  ENDS,
  followCompletion,
  GOES_ON,
  readUntil,
  retrieveCompletion,
} from '../support/logged.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { ensureServerIsBuilt, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { scriptCompletion, scriptStream } from '../support/upstream/scripts.js';
import { gate, type Step } from '../support/upstream/steps.js';

/** Each test starts two servers. */
const LONGEST_MS = 90_000;

describe('a completion whose process is killed', () => {
  let folder: string;
  let upstream: ScriptedUpstream;
  let server: ServerProcess;
  const app = {
    get chatUrl() {
      return `${server.url}/v1/chat/completions`;
    },
  };
  beforeAll(ensureServerIsBuilt, 120_000);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-logged-'));
    upstream = await ScriptedUpstream.start();
  });
  afterEach(async () => {
    await server.process.stop();
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (env: Readonly<Record<string, string>> = {}): Promise<void> => {
    server = await startServerProcess({
      env: { OPENAI_BASE_URL: upstream.url, OPENAI_API_KEY: 'sk-test', RUNS_DIR: folder, ...env },
    });
  };
  /** Starts a completion, and kills the process when its client has read this text. */
  const killAt = async (text: string, door: Step & { open(): void }, begin: ReturnType<typeof beginCompletion>) => {
    const stream = await begin;
    const { id, last } = await readUntil(stream, text);
    server.process.signal('SIGKILL');
    await server.process.exit;
    await stream.closed;
    door.open();
    return { id, last, items: stripStream(stream.items) };
  };

  it(
    'continues in the next one, and has its text once for all who read it from before what is void',
    async () => {
      await start();
      const door = gate();
      upstream.next(scriptStream('A draft')).next(scriptStream(['{"thinking":"Hal', door, 'f"']));
      const { id, last, items } = await killAt('Hal', door, beginCompletion(app, GOES_ON, { model: 'streaming' }));

      upstream.next(scriptCompletion({ thinking: 'Whole', reply: 'Hello' }));
      await start();
      const whole = await eventually(async () => {
        const response = await retrieveCompletion(app, id);
        return response.status === 200 ? response : undefined;
      });
      const content = 'A draft\n\n{"thinking":"Whole","reply":"Hello"}';
      expect(whole.json).toMatchObject({ id, choices: [{ message: { content }, finish_reason: 'stop' }] });

      const again = readFrames((await followCompletion(app, id)).text);
      assertCompletion(again, { content, finish: 'stop' });
      const draft = items.findLastIndex(([, data]) => data.includes('draft'));
      expect(stripStream(again).slice(0, draft + 1)).toEqual(items.slice(0, draft + 1));
      const rest = await followCompletion(app, id, `&starting_after=${items[draft]?.[0]}`);
      expect(stripStream(readFrames(rest.text))).toEqual(stripStream(again).slice(draft + 1));

      const misled = readFrames((await followCompletion(app, id, '', { 'last-event-id': last })).text);
      expect([readContent(misled), assertErrorEnded(misled).code]).toEqual(['', 'run_restarted']);
    },
    LONGEST_MS,
  );

  it(
    'ends in the next one, with `cancel`, if nobody comes back to it there',
    async () => {
      await start();
      const door = gate();
      upstream.next(scriptStream(['Hel', door, 'lo']));
      const { id } = await killAt('Hel', door, beginCompletion(app, ENDS));

      upstream.next([gate()]);
      await start({ RUNS_LEAVE_GRACE_MS: '2000' });
      expect(await (await upstream.request(1)).closed).toBe('aborted');
      const { json } = await eventually(async () => {
        const response = await retrieveCompletion(app, id);
        return response.text.includes('run_not_finished') ? undefined : response;
      });
      expect(json).toMatchObject({ error: { code: 'run_cancelled' } });
    },
    LONGEST_MS,
  );
});
