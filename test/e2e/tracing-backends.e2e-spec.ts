import { afterEach, describe, expect, it } from '@jest/globals';
import { Tracer } from '../../src/tracing/index.js';
import { Bench } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { FakeLangfuse } from '../support/fake-langfuse.js';
import { LangfuseBench, readShown, type ShownSpan } from '../support/langfuse-bench.js';
import { HELLO } from '../support/messages.js';
import { openStream } from '../support/sse-client.js';
import { scriptStream } from '../support/upstream/scripts.js';

describe('tracing', () => {
  let bench: LangfuseBench;
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0).toReversed()) await each.close();
  });

  const start = async (env: Record<string, string> = {}): Promise<void> => {
    bench = await LangfuseBench.start({ env });
    open.push(bench);
  };

  it('traces the configured share of the requests, and gives all of them an id', async () => {
    await start({ TRACING_SAMPLE_RATE: '0' });
    bench.upstream.next(scriptStream('Hi'));
    const stream = await bench.ask();
    await stream.collect();
    expect(stream.headers['x-trace-id']).toMatch(/^[0-9a-f]{32}$/);
    expect(bench.health()).toMatchObject({ startedTraces: 1, exporters: [{ queueBytes: 0, droppedTraces: 0 }] });
    await bench.tracer.flush(1_000);
    expect(bench.langfuse.ingestRequests).toEqual([]);
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
    const stream = await bench.ask();
    await stream.collect();
    const trace = await bench.findTraceOfStream(stream);
    const spans = await eventually(() =>
      collector.collectorSpans().length === 3 ? collector.collectorSpans() : undefined,
    );
    expect(new Set(spans.map(({ spanId }) => spanId))).toEqual(new Set(trace.spans.map(({ spanId }) => spanId)));
    expect(spans[0]?.resource['service.name']).toBe('care');
    const [request] = collector.ingestRequests;
    expect(request?.headers).toMatchObject({ 'x-tenant': 'a b' });
    expect(request?.headers).not.toHaveProperty('authorization');
    expect(request?.headers).not.toHaveProperty('x-langfuse-ingestion-version');
    await eventually(() => bench.health().exporters.every(({ exportedTraces }) => exportedTraces === 1));
    expect(bench.health().exporters.map(({ name }) => name)).toEqual(['langfuse', 'otlp']);
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
    await (await bench.ask()).collect();
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
    await (await bench.ask()).collect();
    await eventually(() => own.traces().length === 1);
  });

  describe("and a client's traceparent", () => {
    const caller = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traceparent = `00-${caller}-00f067aa0ba902b7-01`;

    it('is recorded', async () => {
      await start();
      bench.upstream.next(scriptStream('Hi'));
      const stream = await bench.ask({}, { traceparent });
      await stream.collect();
      const [root] = (await bench.findTraceOfStream(stream)).roots as [ShownSpan];
      expect(root.traceId).not.toBe(caller);
      expect(root.parentSpanId).toBeUndefined();
      expect(readShown(root, 'metadata.traceparent')).toBe(traceparent);
    });

    it('is continued where that is wanted', async () => {
      await start({ TRACING_TRACEPARENT: 'continue' });
      bench.upstream.next(scriptStream('Hi'));
      const stream = await bench.ask({}, { traceparent });
      await stream.collect();
      expect(stream.headers['x-trace-id']).toBe(caller);
      const [root] = (await bench.findTraceOfStream(stream)).roots as [ShownSpan];
      expect(root).toMatchObject({ traceId: caller, parentSpanId: '00f067aa0ba902b7' });
      expect(root.attributes['langfuse.internal.as_root']).toBe(true);
    });
  });

  it('sends nothing, and says nothing, without configuration', async () => {
    const plain = await Bench.start();
    open.push(plain);
    plain.upstream.next(scriptStream('Hi'));
    const stream = await openStream(plain.app.chatUrl, { model: 'chat', stream: true, messages: HELLO });
    await stream.collect();
    expect(stream.headers).not.toHaveProperty('x-trace-id');
    expect(plain.app.nest.get(Tracer, { strict: false }).readHealth()).toEqual({ startedTraces: 0, exporters: [] });
  });
});
