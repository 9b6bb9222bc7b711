import { afterEach, describe, expect, it } from '@jest/globals';
import { type ExporterHealth, Tracer } from '../../src/tracing/index.js';
import { Bench } from '../support/app.js';
import { readContent } from '../support/chunks.js';
import { eventually, within } from '../support/eventually.js';
import { FakeLangfuse } from '../support/fake-langfuse.js';
import { HELLO } from '../support/messages.js';
import { openStream } from '../support/sse-client.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { gate, httpError, role, text } from '../support/upstream/steps.js';

type StoredEvent = ReturnType<FakeLangfuse['legacyEvents']>[number];

const DRAFT = 'A draft.';
const REPLY = '{"thinking":"Hm.","reply":"Hi."}';
const USAGE = {
  prompt_tokens: 100,
  completion_tokens: 50,
  total_tokens: 150,
  prompt_tokens_details: { cached_tokens: 64 },
  completion_tokens_details: { reasoning_tokens: 30 },
};

describe('tracing to a Langfuse before version 4', () => {
  let bench: Bench | undefined;
  let langfuse: FakeLangfuse | undefined;

  afterEach(async () => {
    await bench?.close();
    await langfuse?.close();
    bench = langfuse = undefined;
  });

  const start = async (
    version: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ bench: Bench; langfuse: FakeLangfuse }> => {
    langfuse = await FakeLangfuse.start({ version });
    bench = await Bench.start({
      env: {
        LANGFUSE_PUBLIC_KEY: langfuse.publicKey,
        LANGFUSE_SECRET_KEY: langfuse.secretKey,
        LANGFUSE_BASE_URL: langfuse.url,
        ...env,
      },
    });
    return { bench, langfuse };
  };

  const ask = (server: Bench, fields: object = {}): ReturnType<typeof openStream> =>
    openStream(server.app.chatUrl, { model: 'chat', stream: true, messages: HELLO, ...fields });

  const readHealth = (server: Bench): ExporterHealth | undefined =>
    server.app.nest.get(Tracer, { strict: false }).readHealth().exporters[0];

  /** The server counts a trace when it gets the response, which is after Langfuse has stored the trace. */
  const healthOnceExported = (server: Bench): Promise<ExporterHealth> =>
    eventually(() => (readHealth(server)?.exportedTraces === 1 ? readHealth(server) : undefined));

  /** Waits for a trace, and returns all its events, which arrive together. */
  const listEvents = (server: FakeLangfuse, traceId: string | undefined): Promise<StoredEvent[]> =>
    eventually(
      () => {
        const events = server
          .legacyEvents()
          .filter(({ body }) => body['id'] === traceId || body['traceId'] === traceId);
        return events.length > 0 ? events : undefined;
      },
      { message: `trace ${traceId} in Langfuse` },
    );

  const readTraceId = ({ headers }: { readonly headers: Readonly<Record<string, unknown>> }): string =>
    String(headers['x-trace-id']);

  const only = (events: readonly StoredEvent[], type: string): Readonly<Record<string, unknown>> => {
    const [found, ...others] = events.filter((event) => event.type === type);
    expect([type, others]).toEqual([type, []]);
    return found?.body ?? {};
  };

  describe('sends whole traces in the form that the version of the server needs', () => {
    const sendTwoCalls = async (): Promise<{
      traceId: string;
      text: string;
      events: StoredEvent[];
      bench: Bench;
    }> => {
      const { bench, langfuse } = await start('2.95.1', {
        LANGFUSE_TRACING_ENVIRONMENT: 'staging',
        LANGFUSE_RELEASE: '1.2.3',
      });
      bench.upstream.next(scriptStream(DRAFT, { usage: USAGE })).next(scriptStream(REPLY));
      const stream = await ask(bench, { model: 'streaming', user: 'user-1', metadata: { session_id: 'session-1' } });
      const text = readContent(await stream.collect());
      const traceId = readTraceId(stream);
      return { traceId, text, events: await listEvents(langfuse, traceId), bench };
    };

    it('with the caller, the deployment, and what was said', async () => {
      const { traceId, text, events } = await sendTwoCalls();
      expect(only(events, 'trace-create')).toMatchObject({
        id: traceId,
        name: 'streaming',
        userId: 'user-1',
        sessionId: 'session-1',
        input: HELLO,
        output: text,
        environment: 'staging',
        release: '1.2.3',
      });
    });

    it('as one tree, and counts each trace once', async () => {
      const { traceId, events, bench } = await sendTwoCalls();
      const bodies = events.filter(({ type }) => type !== 'trace-create').map(({ body }) => body);
      const ids = new Set(bodies.map((body) => body['id']));
      expect(ids.size).toBe(bodies.length);
      const roots = bodies.filter((body) => body['parentObservationId'] === undefined);
      expect(roots).toMatchObject([{ name: 'streaming', level: 'DEFAULT' }]);
      for (const body of bodies) expect(body).toMatchObject({ traceId, environment: 'staging' });
      const parents = bodies.filter((body) => body !== roots[0]).map((body) => body['parentObservationId']);
      expect([...ids]).toEqual(expect.arrayContaining(parents));
      const health = { name: 'langfuse', up: true, droppedTraces: 0, failures: 0 };
      expect(await healthOnceExported(bench)).toMatchObject(health);
    });

    it('with the text, usage and times of each call of a model', async () => {
      const { events } = await sendTwoCalls();
      const [draft, reply] = events.filter(({ type }) => type === 'generation-create').map(({ body }) => body);
      expect(draft).toMatchObject({
        output: DRAFT,
        usageDetails: { input: 36, input_cached_tokens: 64, output: 20, output_reasoning_tokens: 30, total: 150 },
        metadata: { provider: 'openai', finish_reason: 'stop' },
      });
      expect(reply).toMatchObject({ output: JSON.parse(REPLY) as unknown });
      const times = ['startTime', 'completionStartTime', 'endTime'].map((name) => Date.parse(String(draft?.[name])));
      expect(times).toEqual([...times].sort((a, b) => a - b));
    });
  });

  it('sends nothing that the server refuses, whatever parameters the client gives', async () => {
    const { bench, langfuse } = await start('2.95.1');
    bench.upstream.next(scriptStream('{"a":1}'));
    const stream = await ask(bench, {
      temperature: 0.5,
      stop: ['x', 'y'],
      logit_bias: { 50_256: -100 },
      response_format: { type: 'json_schema', json_schema: { name: 's', schema: { type: 'object' } } },
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }],
      metadata: { nested: '{"deep":[1]}' },
    });
    await stream.collect();
    const events = await listEvents(langfuse, readTraceId(stream));
    expect(only(events, 'generation-create')['modelParameters']).toMatchObject({ temperature: 0.5, stop: ['x', 'y'] });
    expect(await healthOnceExported(bench)).toMatchObject({ up: true, failures: 0 });
  });

  it('records an upstream that failed', async () => {
    const { bench, langfuse } = await start('2.95.1');
    bench.upstream.next(httpError(503, { error: { message: 'overloaded', type: 'server_error' } }));
    const response = await bench.ask();
    expect(response.status).toBeGreaterThanOrEqual(500);
    const generation = only(await listEvents(langfuse, readTraceId(response)), 'generation-create');
    expect(generation).toMatchObject({ level: 'ERROR', statusMessage: expect.stringContaining('503') });
    expect(generation).not.toHaveProperty('usageDetails');
  });

  it('records a client that left, with what it had got until then', async () => {
    const { bench, langfuse } = await start('2.95.1');
    const never = gate();
    bench.upstream.next([role(), text('Half of'), never]);
    const stream = await ask(bench);
    await stream.until((item) => item.kind === 'data' && item.data.includes('Half of'));
    stream.destroy();
    const events = await listEvents(langfuse, readTraceId(stream));
    expect(only(events, 'generation-create')).toMatchObject({ level: 'WARNING', output: 'Half of' });
    expect(only(events, 'trace-create')).toMatchObject({ output: 'Half of' });
    never.open();
  });

  it('uses the old API of a newer server if it is told to', async () => {
    const { bench, langfuse } = await start('3.120.0', { LANGFUSE_INGESTION: 'legacy' });
    bench.upstream.next(scriptStream('Hi.'));
    const stream = await ask(bench);
    await stream.collect();
    expect(await listEvents(langfuse, readTraceId(stream))).not.toHaveLength(0);
    expect(langfuse.spans()).toEqual([]);
  });

  it('serves its clients, and shows that no trace arrives, if the server has closed the old API', async () => {
    const { bench, langfuse } = await start('4.16.0', { LANGFUSE_INGESTION: 'legacy' });
    bench.upstream.next(scriptStream('Hi.'));
    expect(readContent(await (await ask(bench)).collect())).toBe('Hi.');
    await eventually(() => readHealth(bench)?.droppedTraces === 1);
    expect(readHealth(bench)).toMatchObject({ up: false, exportedTraces: 0, failures: 1, queueBytes: 0 });
    expect(langfuse.ingestRequests).toHaveLength(1);
    expect(langfuse.legacyEvents()).toEqual([]);
  });

  it('delivers once what it had to send again', async () => {
    const { bench, langfuse } = await start('2.95.1');
    langfuse.setBehaviour({ status: 503 });
    bench.upstream.next(scriptStream('Hi.'));
    const stream = await ask(bench);
    await stream.collect();
    await eventually(() => langfuse.ingestRequests.length === 1);
    langfuse.setBehaviour('ok');
    const events = await listEvents(langfuse, readTraceId(stream));
    expect(only(events, 'trace-create')).toMatchObject({ output: 'Hi.' });
    expect(await healthOnceExported(bench)).toMatchObject({ up: true, droppedTraces: 0, failures: 1 });
  });

  it('sends what still waits at the end of the process, and waits no longer than its limit', async () => {
    const first = await start('2.95.1', { LANGFUSE_INGESTION: 'legacy' });
    first.bench.upstream.next(scriptStream('Hi.'));
    const stream = await ask(first.bench);
    await stream.collect();
    await first.bench.close();
    bench = undefined;
    expect(first.langfuse.legacyEvents().map(({ body }) => body['id'])).toContain(readTraceId(stream));
    await first.langfuse.close();

    const second = await start('2.95.1', { LANGFUSE_INGESTION: 'legacy', TRACING_FLUSH_TIMEOUT_MS: '100' });
    second.langfuse.setBehaviour('hang');
    second.bench.upstream.next(scriptStream('Hi.'));
    await (await ask(second.bench)).collect();
    bench = undefined;
    await within(second.bench.close(), { within: 4_000, message: 'the end of the server' });
    await eventually(() => second.langfuse.open === 0);
  });
});
