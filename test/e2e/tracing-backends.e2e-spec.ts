import { afterEach, describe, expect, it } from '@jest/globals';
import { Tracer, type TracingHealth } from '../../src/tracing/index.js';
import { Bench, type TestAppOptions } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { FakeLangfuse } from '../support/fake-langfuse.js';
import { HELLO } from '../support/messages.js';
import { openStream, type SseStream } from '../support/sse-client.js';
import { scriptStream } from '../support/upstream/scripts.js';

type ReceivedTrace = ReturnType<FakeLangfuse['traces']>[number];
type Span = ReceivedTrace['roots'][number];

const OBSERVATION = 'langfuse.observation.';

describe('tracing backends', () => {
  let bench: Bench;
  let langfuse: FakeLangfuse;
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0).toReversed()) await each.close();
  });

  const start = async (env: Record<string, string> = {}, options: TestAppOptions = {}): Promise<void> => {
    langfuse = await FakeLangfuse.start();
    open.push(langfuse);
    bench = await Bench.start({
      ...options,
      env: {
        LANGFUSE_PUBLIC_KEY: langfuse.publicKey,
        LANGFUSE_SECRET_KEY: langfuse.secretKey,
        LANGFUSE_BASE_URL: langfuse.url,
        ...env,
      },
    });
    open.push(bench);
  };

  const ask = (fields: object = {}, headers: Record<string, string> = {}): Promise<SseStream> =>
    openStream(bench.app.chatUrl, { model: 'chat', stream: true, messages: HELLO, ...fields }, { headers });

  const traceOf = (id: unknown): Promise<ReceivedTrace> =>
    eventually(() => langfuse.traces().find(({ traceId }) => traceId === id), { message: `the trace ${String(id)}` });

  const traceOfStream = ({ headers }: SseStream): Promise<ReceivedTrace> => traceOf(headers['x-trace-id']);

  const health = (): TracingHealth => bench.app.nest.get(Tracer, { strict: false }).health();

  /** Names of spans as an outline. */
  const outline = (spans: readonly Span[]): unknown[] =>
    spans.map(({ name, children }) => (children.length === 0 ? name : [name, ...outline(children)]));

  const shown = ({ attributes }: Span, name: string): unknown => attributes[OBSERVATION + name];

  it('traces its part of the requests, and gives all of them an id', async () => {
    await start({ TRACING_SAMPLE_RATE: '0' });
    bench.upstream.next(scriptStream('Hi'));
    const stream = await ask();
    await stream.collect();
    expect(stream.headers['x-trace-id']).toMatch(/^[0-9a-f]{32}$/);
    expect(health()).toMatchObject({ startedTraces: 1, exporters: [{ queueBytes: 0, droppedTraces: 0 }] });
    await bench.app.nest.get(Tracer, { strict: false }).flush(1_000);
    expect(langfuse.ingestRequests).toEqual([]);
  });

  it('sends to two backends at once, each with its own headers', async () => {
    const collector = await FakeLangfuse.start();
    open.push(collector);
    await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b',
      OTEL_SERVICE_NAME: 'care',
    });
    bench.upstream.next(scriptStream('Hi'));
    const stream = await ask();
    await stream.collect();
    const trace = await traceOfStream(stream);
    const spans = await eventually(() =>
      collector.collectorSpans().length === 3 ? collector.collectorSpans() : undefined,
    );
    expect(new Set(spans.map(({ spanId }) => spanId))).toEqual(new Set(trace.spans.map(({ spanId }) => spanId)));
    expect(spans[0]?.resource['service.name']).toBe('care');
    const [request] = collector.ingestRequests;
    expect(request?.headers).toMatchObject({ 'x-tenant': 'a b' });
    expect(request?.headers).not.toHaveProperty('authorization');
    expect(request?.headers).not.toHaveProperty('x-langfuse-ingestion-version');
    await eventually(() => health().exporters.every(({ exportedTraces }) => exportedTraces === 1));
    expect(health().exporters.map(({ name }) => name)).toEqual(['langfuse', 'otlp']);
  });

  it("describes itself in OTLP as OpenTelemetry's variables say, in JSON if that is wanted", async () => {
    const collector = await FakeLangfuse.start();
    open.push(collector);
    await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=care,deployment.environment.name=blue%2Fgreen,service.version=2026.1',
    });
    bench.upstream.next(scriptStream('Hi'));
    await (await ask()).collect();
    const spans = await eventually(() =>
      collector.collectorSpans().length === 3 ? collector.collectorSpans() : undefined,
    );
    expect(spans[0]?.resource).toMatchObject({
      'service.name': 'care',
      'deployment.environment.name': 'blue/green',
      'service.version': '2026.1',
    });
    expect(collector.ingestRequests[0]?.headers).toMatchObject({ 'content-type': 'application/json' });
  });

  it('takes LANGFUSE_HOST for the address of Langfuse', async () => {
    const own = await FakeLangfuse.start();
    open.push(own);
    await start({
      LANGFUSE_BASE_URL: '',
      LANGFUSE_HOST: own.url,
      LANGFUSE_PUBLIC_KEY: own.publicKey,
      LANGFUSE_SECRET_KEY: own.secretKey,
    });
    bench.upstream.next(scriptStream('Hi'));
    await (await ask()).collect();
    await eventually(() => own.traces().length === 1);
  });

  describe("and a client's traceparent", () => {
    const caller = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traceparent = `00-${caller}-00f067aa0ba902b7-01`;

    it('is recorded', async () => {
      await start();
      bench.upstream.next(scriptStream('Hi'));
      const stream = await ask({}, { traceparent });
      await stream.collect();
      const [root] = (await traceOfStream(stream)).roots as [Span];
      expect(root.traceId).not.toBe(caller);
      expect(root.parentSpanId).toBeUndefined();
      expect(shown(root, 'metadata.traceparent')).toBe(traceparent);
    });

    it('is continued where that is wanted', async () => {
      await start({ TRACING_TRACEPARENT: 'continue' });
      bench.upstream.next(scriptStream('Hi'));
      const stream = await ask({}, { traceparent });
      await stream.collect();
      expect(stream.headers['x-trace-id']).toBe(caller);
      const [root] = (await traceOfStream(stream)).roots as [Span];
      expect(root).toMatchObject({ traceId: caller, parentSpanId: '00f067aa0ba902b7' });
      expect(root.attributes['langfuse.internal.as_root']).toBe(true);
    });
  });

  it('sends nothing, and says nothing, without configuration', async () => {
    bench = await Bench.start();
    open.push(bench);
    bench.upstream.next(scriptStream('Hi'));
    const stream = await ask();
    await stream.collect();
    expect(stream.headers).not.toHaveProperty('x-trace-id');
    expect(health()).toEqual({ startedTraces: 0, exporters: [] });
  });
});
