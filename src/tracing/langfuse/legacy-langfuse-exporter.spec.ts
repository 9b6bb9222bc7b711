import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { FakeLangfuse } from '../../../test/support/fake-langfuse.js';
import { catchRejection } from '../../../test/support/rejection.js';
import { ExportError, type FinishedObservation, type FinishedTrace } from '../recording/finished-trace.js';
import { LegacyLangfuseExporter } from './legacy-langfuse-exporter.js';

const START = Date.UTC(2026, 10, 23, 8);
const SECRET = 'sk-lf-very-secret';
const USER_TEXT = 'what the user wrote';
const never = new AbortController().signal;

const observation = (id: string, fields: Partial<FinishedObservation> = {}): FinishedObservation => ({
  id: id.padStart(16, '0'),
  name: 'streaming',
  startTime: START,
  endTime: START + 100,
  input: USER_TEXT,
  metadata: {},
  level: 'DEFAULT',
  events: [],
  ...fields,
});

/** One request with one model call and one retry in it: four events. */
const makeTrace = (number: number, fields: Partial<FinishedObservation> = {}): FinishedTrace => {
  const root = observation(`${number}0`);
  const call = observation(`${number}1`, {
    parentId: root.id,
    generation: { provider: 'openai', model: 'gpt-5.4-mini', parameters: { temperature: 0.5, stop: ['a'] } },
    events: [{ name: 'retry', time: START + 1, level: 'WARNING', data: { attempt: '1' } }],
    ...fields,
  });
  return { id: `${number}`.padStart(32, '0'), name: 'streaming', tags: [], observations: [root, call], bytes: 1_000 };
};

describe('LegacyLangfuseExporter', () => {
  let langfuse: FakeLangfuse;
  const printed: unknown[] = [];

  beforeEach(async () => {
    langfuse = await FakeLangfuse.start({ version: '2.95.1', secretKey: SECRET });
    printed.length = 0;
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      jest.spyOn(console, method).mockImplementation((...line) => void printed.push(line));
    }
  });

  afterEach(async () => {
    await langfuse.close();
    expect(printed).toEqual([]);
  });

  const exporter = (
    options: { timeoutMs?: number; environment?: string; release?: string } = {},
  ): LegacyLangfuseExporter =>
    new LegacyLangfuseExporter({
      baseUrl: langfuse.url,
      publicKey: langfuse.publicKey,
      secretKey: langfuse.secretKey,
      timeoutMs: 5_000,
      ...options,
    });

  const readFailure = async (sending: Promise<void>): Promise<ExportError> => {
    const error = await catchRejection(sending);
    if (!(error instanceof ExportError)) throw error;
    expect(error.message).not.toContain(SECRET);
    expect(error.message).not.toContain(USER_TEXT);
    return error;
  };

  const restart = async (version: string): Promise<void> => {
    await langfuse.close();
    langfuse = await FakeLangfuse.start({ version, secretKey: SECRET });
  };

  it('sends traces that the server takes, in one request', async () => {
    await exporter({ environment: 'staging', release: '1.2.3' }).export([makeTrace(1), makeTrace(2)], never);
    expect(langfuse.requests).toHaveLength(1);
    expect(langfuse.legacyEvents().map(({ type }) => type)).toEqual([
      'trace-create',
      'span-create',
      'generation-create',
      'event-create',
      'trace-create',
      'span-create',
      'generation-create',
      'event-create',
    ]);
    expect(langfuse.legacyEvents()[0]?.body).toMatchObject({
      environment: 'staging',
      release: '1.2.3',
      input: USER_TEXT,
    });
    expect(langfuse.legacyEvents()[2]?.body).toMatchObject({ modelParameters: { temperature: 0.5, stop: ['a'] } });
  });

  it('adds nothing when it sends the same trace again', async () => {
    const sender = exporter();
    await sender.export([makeTrace(1)], never);
    await sender.export([makeTrace(1)], never);
    expect(langfuse.requests).toHaveLength(2);
    expect(langfuse.legacyEvents()).toHaveLength(4);
  });

  it('splits traces that are too much for one request', async () => {
    const traces = [1, 2, 3, 4].map((number) => makeTrace(number, { output: 'x'.repeat(800_000) }));
    await exporter().export(traces, never);
    expect(langfuse.requests.map(({ body }) => body.length <= 2_500_000)).toEqual([true, true]);
    expect(langfuse.legacyEvents()).toHaveLength(16);
  });

  it('reads none of the variables of the package, and prints nothing about them', async () => {
    const variables = {
      LANGFUSE_PUBLIC_KEY: 'pk-other',
      LANGFUSE_BASEURL: 'http://127.0.0.1:9',
      LANGFUSE_TRACING_ENVIRONMENT: 'NOT VALID',
      LANGFUSE_SAMPLE_RATE: '7',
    };
    Object.assign(process.env, variables);
    try {
      await exporter().export([makeTrace(1)], never);
    } finally {
      for (const name of Object.keys(variables)) Reflect.deleteProperty(process.env, name);
    }
    expect(langfuse.legacyEvents()).toHaveLength(4);
    expect(langfuse.legacyEvents()[0]?.body).toMatchObject({ environment: 'default' });
  });

  it('says what to do if the server refuses the whole endpoint', async () => {
    await restart('4.16.0');
    const error = await readFailure(exporter().export([makeTrace(1), makeTrace(2)], never));
    expect(error.retryable).toBe(false);
    expect(error.message).toBe(
      'Langfuse refused 8 of 8 events (8 with status 400), and so 2 of 2 traces as a whole. ' +
        'A Langfuse server from version 4 on does so on its legacy endpoint: set LANGFUSE_INGESTION=otlp',
    );
  });

  it('counts the refused events of a batch, and does not block later ones', async () => {
    langfuse.setBehaviour('partial-207');
    const error = await readFailure(exporter().export([makeTrace(1)], never));
    expect(error).toMatchObject({
      retryable: false,
      message: 'Langfuse refused 2 of 4 events (2 with status 500), and so 0 of 1 traces as a whole',
    });
    expect(langfuse.legacyEvents()).toHaveLength(2);
  });

  it('reports an event that the server finds wrong', async () => {
    const wrong = makeTrace(1, { name: 'n', level: 'DEFAULT', id: '' });
    const error = await readFailure(exporter().export([wrong, makeTrace(2)], never));
    expect(error.retryable).toBe(false);
    expect(error.message).toMatch(/^Langfuse refused 1 of 8 events \(1 with status 400\), and so 0 of 2 traces/);
    expect(langfuse.legacyEvents()).toHaveLength(7);
  });

  it.each([401, 403, 400, 404, 413])('gives up at status %i', async (status) => {
    langfuse.setBehaviour({ status });
    const error = await readFailure(exporter().export([makeTrace(1)], never));
    expect(error.retryable).toBe(false);
    expect(error.message).toContain(`status ${status}`);
    expect(langfuse.requests).toHaveLength(1);
  });

  it('names the variables when the keys are refused', async () => {
    langfuse.rejectKeys();
    const error = await readFailure(exporter().export([makeTrace(1)], never));
    expect(error.message).toMatch(/status 401.*LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY/);
  });

  it.each([408, 429, 500, 502, 503, 504])(
    'makes one request for status %i, and reports it as retryable',
    async (status) => {
      langfuse.setBehaviour({ status });
      const error = await readFailure(exporter().export([makeTrace(1)], never));
      expect(error).toMatchObject({ retryable: true, retryAfterMs: undefined });
      expect(langfuse.requests).toHaveLength(1);
    },
  );

  it('passes on the requested pause', async () => {
    langfuse.setBehaviour({ status: 429, headers: { 'retry-after': '7' } });
    expect(await readFailure(exporter().export([makeTrace(1)], never))).toMatchObject({ retryAfterMs: 7_000 });
    const date = 'Mon, 23 Nov 2026 08:00:00 GMT';
    const headers = { date, 'retry-after': 'Mon, 23 Nov 2026 08:00:30 GMT' };
    langfuse.setBehaviour({ status: 503, headers });
    expect(await readFailure(exporter().export([makeTrace(1)], never))).toMatchObject({ retryAfterMs: 30_000 });
    langfuse.setBehaviour({ status: 503, headers: { 'retry-after': 'soon' } });
    expect(await readFailure(exporter().export([makeTrace(1)], never))).toMatchObject({ retryAfterMs: undefined });
  });

  it('treats web pages as failures', async () => {
    langfuse.setBehaviour('html-500');
    expect(await readFailure(exporter().export([makeTrace(1)], never))).toMatchObject({ retryable: true });
  });

  it('treats the response of another kind of server as a failure', async () => {
    langfuse.setBehaviour({ status: 200 });
    const error = await readFailure(exporter().export([makeTrace(1)], never));
    expect(error.message).toContain('LANGFUSE_BASE_URL');
  });

  it.each(['down', 'reset'] as const)('reports a server that is %s as retryable', async (behaviour) => {
    langfuse.setBehaviour(behaviour);
    const sender = exporter();
    const error = await readFailure(sender.export([makeTrace(1)], never));
    expect(error.retryable).toBe(true);
    expect(error.message).toMatch(/^Langfuse could not be reached \([A-Z_]+\)$/);
    langfuse.setBehaviour('ok');
    await sender.export([makeTrace(1)], never);
    expect(langfuse.legacyEvents()).toHaveLength(4);
  });

  it('keeps to its time limit', async () => {
    langfuse.setBehaviour('hang');
    const error = await readFailure(exporter({ timeoutMs: 50 }).export([makeTrace(1)], never));
    expect(error).toMatchObject({ retryable: true, message: 'Langfuse did not answer within 50 ms' });
    await eventually(() => langfuse.open === 0);
  });

  it('stops when it is aborted', async () => {
    langfuse.setBehaviour('hang');
    const stop = new AbortController();
    const sending = catchRejection(exporter().export([makeTrace(1)], stop.signal));
    await eventually(() => langfuse.open === 1);
    const reason = new Error('the end');
    stop.abort(reason);
    expect(await sending).toBe(reason);
    await eventually(() => langfuse.open === 0);
  });
});
