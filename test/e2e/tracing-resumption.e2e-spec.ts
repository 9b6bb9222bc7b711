import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/checks.js';
import { getJson } from '../support/client.js';
import { readEventStream } from '../support/event-source.js';
import { FakeLangfuse } from '../support/fake-langfuse.js';
import type { ReceivedTrace } from '../support/langfuse/otlp-spans.js';
import { beginRun, readRun, runUrl } from '../support/runs-client.js';
import { ensureServerIsBuilt, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { ScriptedUpstream, scriptCompletion, scriptStream, steps } from '../support/upstream/index.js';

const { gate } = steps;

/** Each test starts two servers. */
const LONGEST_MS = 90_000;
const REPLY = { thinking: 'Hm', reply: 'Hello' };

describe('the trace of a run that continues in another process', () => {
  let folder: string;
  let upstream: ScriptedUpstream;
  let langfuse: FakeLangfuse;
  let server: ServerProcess;
  const app = {
    get baseUrl() {
      return `${server.url}/v1`;
    },
  };
  beforeAll(ensureServerIsBuilt, 120_000);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-traces-'));
    upstream = await ScriptedUpstream.start();
    langfuse = await FakeLangfuse.start();
  });
  afterEach(async () => {
    await server.process.stop();
    await upstream.close();
    await langfuse.close();
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (): Promise<void> => {
    server = await startServerProcess({
      env: {
        OPENAI_BASE_URL: upstream.url,
        OPENAI_API_KEY: 'sk-test',
        RUNS_DIR: folder,
        SHUTDOWN_GRACE_MS: '100',
        LANGFUSE_BASE_URL: langfuse.url,
        LANGFUSE_PUBLIC_KEY: langfuse.publicKey,
        LANGFUSE_SECRET_KEY: langfuse.secretKey,
      },
    });
  };

  /**
   * Starts a workflow of two steps, stops the process during the second one, and lets another process complete the run.
   * @returns the run's id
   */
  const runInTwo = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<string> => {
    await start();
    const hold = gate();
    upstream.next(scriptStream('A draft')).next(scriptStream(['{"thinking":"H', hold]));
    const { id } = await beginRun(app, { model: 'streaming' });
    await hold.reached;
    // Waits until both steps are stored: otherwise the finished step would run again.
    await eventually(async () => {
      const { steps: begun } = await readRun(app, `${id}?include=steps`);
      return Array.isArray(begun) && begun.length === 2;
    });
    server.process.signal(signal);
    await server.process.exit;
    hold.open();
    upstream.next(scriptCompletion(REPLY));
    await start();
    await eventually(async () => (await readRun(app, id)).status === 'completed', { within: 20_000 });
    server.process.signal('SIGTERM');
    await server.process.exit;
    return id;
  };

  it(
    'is one trace, with what each process did, where the first one was shut down',
    async () => {
      await runInTwo('SIGTERM');
      const [trace, ...others] = langfuse.traces();
      expect(others).toEqual([]);
      expect(trace?.roots.map(readTree)).toEqual([
        ['streaming WARNING', ['TextStreamingNode DEFAULT', [MODEL]], ['StructuredStreamingNode WARNING', [CUT]]],
        ['streaming DEFAULT', ['StructuredStreamingNode DEFAULT', [MODEL]]],
      ]);
    },
    LONGEST_MS,
  );

  it(
    'is the one that its events name where the first one was killed',
    async () => {
      const id = await runInTwo('SIGKILL');
      const [trace, ...others] = langfuse.traces();
      expect(others).toEqual([]);
      expect(trace?.roots.map(readTree)).toEqual([['streaming DEFAULT', ['StructuredStreamingNode DEFAULT', [MODEL]]]]);
      await start();
      const { text } = await getJson(runUrl(app, `${id}/events`));
      const [started] = readEventStream(text);
      expect(JSON.parse(started?.data ?? '')).toMatchObject({ type: 'run-started', trace_id: trace?.traceId });
    },
    LONGEST_MS,
  );
});

const MODEL = 'gpt-5.4-mini DEFAULT';
const CUT = 'gpt-5.4-mini WARNING';

type Tree = readonly [string, ...Tree[]];

/** Names and levels of a span and of the spans below it. */
function readTree({ name, attributes, children }: ReceivedTrace['roots'][number]): Tree {
  return [`${name} ${String(attributes['langfuse.observation.level'])}`, ...children.map(readTree)];
}
