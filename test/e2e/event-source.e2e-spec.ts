import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../support/checks.js';
import { getJson } from '../support/client.js';
import { beginCompletion, beginResponse, beginRun, callRun, readUntil } from '../support/logged.js';
import { describeInBrowser, TestBrowser, type Visitor } from '../support/browser.js';
import { readEventStream, WatchedSource } from '../support/event-source.js';
import { describeWithNginx, type GatewaySettings, Nginx, readShippedConfig } from '../support/nginx.js';
import { PageServer } from '../support/page-server.js';
import { ScriptedUpstream, scriptStream, steps } from '../support/upstream/index.js';
import {
  ensureServerIsBuilt,
  findFreePort,
  type ServerProcess,
  startServerProcess,
} from '../support/server-process.js';
import { SlowLink } from '../support/slow-link.js';

/** Browsers wait some seconds before they reconnect, and a busy machine takes longer. */
const LONGEST_MS = 60_000;
const SOON = { within: 20_000 };

const SETTINGS: GatewaySettings = {
  GATEWAY_BODY_LIMIT: '10m',
  GATEWAY_READ_TIMEOUT: '60s',
  GATEWAY_KEEP_ALIVE: '60s',
};

/** A route whose stream an EventSource can read. */
interface Door {
  readonly name: string;
  /** Names of its events. */
  readonly types: readonly string[];
  /** Starts a run, and returns the path of its stream below `/v1`. */
  readonly begin: (app: { readonly baseUrl: string }) => Promise<string>;
}

const COMPLETION = 'a completion';

const DOORS: readonly Door[] = [
  {
    name: 'a response in the background',
    types: [
      'message',
      'error',
      'response.created',
      'response.queued',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
      'response.failed',
    ],
    begin: async (app) => `/responses/${(await beginResponse(app)).id}?stream=true`,
  },
  { name: COMPLETION, types: ['message', 'error'], begin: beginAndLeave },
  {
    name: 'the events of a run',
    types: [
      'run-started',
      'run-resumed',
      'node-started',
      'node-restarted',
      'model-identified',
      'delta',
      'node-finished',
      'run-finished',
      'run-failed',
    ],
    begin: (app) => beginTicket(app),
  },
];

/** Starts a completion that continues without its client, which disconnects at once. */
async function beginAndLeave({ baseUrl }: { readonly baseUrl: string }): Promise<string> {
  const stream = await beginCompletion({ chatUrl: `${baseUrl}/chat/completions` });
  const { id } = await readUntil(stream, 'role');
  stream.destroy();
  return `/chat/completions/${id}?stream=true`;
}

/** Starts a run, and returns the address of its events with a ticket, for clients without a key. */
async function beginTicket(app: { readonly baseUrl: string }, headers: Record<string, string> = {}): Promise<string> {
  const { id } = await beginRun(app, {}, headers);
  const { json } = await callRun(app, 'POST', `${id}/ticket`, headers);
  return (json as { url: string }).url.slice('/v1'.length);
}

/** One stream that a page reads. */
interface Reading {
  readonly door: string;
  /** Path below `/v1`. */
  readonly path: string;
  readonly source: WatchedSource;
  readonly hold: steps.GateStep;
}

describeInBrowser()('EventSource in Chromium', () => {
  let browser: TestBrowser;
  let upstream: ScriptedUpstream;
  let folder: string;
  let server: ServerProcess;
  let visitor: Visitor;
  const others: { stop: () => Promise<unknown> }[] = [];
  beforeAll(async () => {
    await ensureServerIsBuilt();
    browser = await TestBrowser.start();
  }, 120_000);
  afterAll(() => browser.close());
  afterEach(async () => {
    await visitor.close();
    for (const other of others.splice(0).toReversed()) await other.stop();
    await server.process.stop();
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
  });

  const startServer = async (env: Readonly<Record<string, string>> = {}): Promise<void> => {
    server = await startServerProcess({
      env: { OPENAI_BASE_URL: upstream.url, OPENAI_API_KEY: 'sk-test', RUNS_DIR: folder, ...env },
    });
  };

  const begin = async (env?: Readonly<Record<string, string>>): Promise<void> => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-browser-runs-'));
    upstream = await ScriptedUpstream.start();
    await startServer(env);
    visitor = await browser.visit();
  };

  /** Starts a run through each door, and lets the page read its stream up to half of the model's output. */
  const readHalf = async (base: string): Promise<readonly Reading[]> => {
    const readings: Reading[] = [];
    for (const { name, types, begin: beginOne } of DOORS) {
      const hold = steps.gate();
      upstream.next(scriptStream(['Hel', hold, 'lo ', 'you']));
      const path = await beginOne({ baseUrl: `${server.url}/v1` });
      const source = await WatchedSource.open(visitor.page, base + path, types);
      readings.push({ door: name, path, source, hold });
    }
    for (const { source, hold } of readings) {
      await hold.reached;
      await eventually(async () => (await source.text()).includes('Hel'), SOON);
    }
    return readings;
  };

  const countRequests = ({ path }: Reading): number => visitor.requests.filter((url) => url.includes(path)).length;

  /** Waits until the server has stopped the browser, and compares the page's events with the stored ones. */
  const expectWhole = async (
    readings: readonly Reading[],
    { requests, restarts = false }: { requests?: number; restarts?: boolean } = {},
  ): Promise<void> => {
    for (const reading of readings) {
      const { door, path, source } = reading;
      await eventually(source.hasStopped, SOON);
      const { text } = await getJson(`${server.url}/v1${path}`);
      const seen = await source.events();
      const restart = seen.findIndex(({ data }) => data.includes('"run_restarted"'));
      expect([door, restart >= 0]).toEqual([door, restarts && door === COMPLETION]);
      // The error is followed by [DONE], and then by the events of the browser's new start.
      expect([door, restart < 0 ? seen : seen.slice(restart + 2)]).toEqual([door, readEventStream(text)]);
      if (requests !== undefined) expect([door, countRequests(reading)]).toEqual([door, requests]);
    }
    expect(visitor.errors).toEqual([]);
  };

  it(
    'in a page of another origin with a strict policy continues by itself where the connection was cut, and stops at the end',
    async () => {
      const page = await PageServer.start('<!doctype html><title>A page</title>', {
        'content-security-policy': "default-src 'none'; connect-src http://127.0.0.1:*",
      });
      others.push(page);
      await begin({ CORS_ORIGINS: page.origin });
      const link = await SlowLink.to(new URL(server.url).host, 0);
      others.push(link);
      await visitor.page.goto(page.origin);
      const readings = await readHalf(`http://${link.address}/v1`);
      link.cut();
      for (const reading of readings) {
        await eventually(() => countRequests(reading) === 2, SOON);
        reading.hold.open();
      }
      // The third request gets a 204, because there are no more events.
      await expectWhole(readings, { requests: 3 });
    },
    LONGEST_MS,
  );

  it(
    'continues when the server was killed and started again',
    async () => {
      const PORT = await findFreePort();
      await begin({ PORT });
      await visitor.page.goto(server.url);
      const readings = await readHalf(`${server.url}/v1`);
      // The restarted server may call the model again for the interrupted step.
      upstream.always(scriptStream('Hello you'));
      server.process.signal('SIGKILL');
      await server.process.exit;
      for (const { hold } of readings) hold.open();
      await startServer({ PORT });
      // A completion cannot revoke chunks that were read, so it restarts.
      await expectWhole(readings, { restarts: true });
    },
    LONGEST_MS,
  );

  it(
    'reads with a ticket where keys are asked for, and stops at once without one',
    async () => {
      const key = 'sk-'.padEnd(40, 'k');
      await begin({ API_KEYS: key });
      const headers = { authorization: `Bearer ${key}` };
      await visitor.page.goto(server.url);
      upstream.next(scriptStream('Hello you'));
      const path = await beginTicket({ baseUrl: `${server.url}/v1` }, headers);
      const watch = (each: string): Promise<WatchedSource> =>
        WatchedSource.open(visitor.page, `${server.url}/v1${each}`, ['delta', 'run-finished']);
      const without = await watch(path.replace(/\?.*/, ''));
      await eventually(without.hasStopped, SOON);
      expect(await without.events()).toEqual([]);
      const withTicket = await watch(path);
      await eventually(async () => (await withTicket.text()).includes('run-finished'), SOON);
    },
    LONGEST_MS,
  );

  describeWithNginx('behind nginx', () => {
    it(
      'continues when nginx was restarted',
      async () => {
        await begin();
        const upstreamHost = new URL(server.url).host;
        const nginx = await Nginx.start((listen) => readShippedConfig(SETTINGS, listen, upstreamHost));
        others.push(nginx);
        // The policy of the playground allows requests to its own server only.
        await visitor.page.goto(nginx.url);
        const readings = await readHalf(`${nginx.url}/v1`);
        await nginx.restart();
        for (const { hold } of readings) hold.open();
        await expectWhole(readings);
      },
      LONGEST_MS,
    );
  });
});
