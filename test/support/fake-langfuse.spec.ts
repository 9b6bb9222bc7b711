import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { eventually } from './eventually.js';
import { FakeLangfuse } from './fake-langfuse.js';
import { catchRejection } from './rejection.js';

/** The enumeration itself is in a package that is not a dependency of ours. */
type Compression = NonNullable<NonNullable<ConstructorParameters<typeof OTLPTraceExporter>[0]>['compression']>;

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const CHILD = '00f067aa0ba902b7';
const START = 1_790_000_000_123;

const span = (fields: object = {}): object => ({
  traceId: TRACE,
  spanId: SPAN,
  name: 'chat',
  startTimeUnixNano: `${START}456789`,
  endTimeUnixNano: `${START + 1}000000`,
  ...fields,
});

const makeExport = (...spans: object[]): object => ({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

const traceEvent = (fields: object = {}, body: object = {}): object => ({
  id: 'event-1',
  type: 'trace-create',
  timestamp: '2026-11-23T08:00:00.000Z',
  body: { id: TRACE, name: 'chat', timestamp: '2026-11-23T08:00:00.000Z', ...body },
  ...fields,
});

const generationEvent = (body: object): object => traceEvent({ id: 'event-2', type: 'generation-create' }, body);

describe('FakeLangfuse', () => {
  let langfuse: FakeLangfuse;
  let faultsAreMeant = false;

  beforeEach(async () => {
    faultsAreMeant = false;
    langfuse = await FakeLangfuse.start();
  });

  afterEach(async () => {
    if (faultsAreMeant) await catchRejection(langfuse.close());
    else await langfuse.close();
  });

  const restart = async (version: string): Promise<void> => {
    await langfuse.close();
    langfuse = await FakeLangfuse.start({ version });
  };

  const authorization = (): string =>
    `Basic ${Buffer.from(`${langfuse.publicKey}:${langfuse.secretKey}`).toString('base64')}`;

  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${langfuse.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: authorization(), ...headers },
      body: body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body),
    });

  const postSpans = (...spans: object[]): Promise<Response> => post('/api/public/otel/v1/traces', makeExport(...spans));
  const postEvents = async (...batch: unknown[]): Promise<{ successes: unknown[]; errors: unknown[] }> => {
    const response = await post('/api/public/ingestion', { batch });
    expect(response.status).toBe(207);
    return (await response.json()) as { successes: unknown[]; errors: unknown[] };
  };

  /** Exports a root and a child with OpenTelemetry's own exporter. */
  const exportWithOpenTelemetry = async (path: string, compression: 'gzip' | 'none'): Promise<void> => {
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'a service' }),
      spanProcessors: [
        new SimpleSpanProcessor(
          new OTLPTraceExporter({
            url: `${langfuse.url}${path}`,
            headers: { authorization: authorization() },
            compression: compression as Compression,
          }),
        ),
      ],
    });
    const tracer = provider.getTracer('a scope', '1.2');
    const caller = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: TRACE,
      spanId: SPAN,
      traceFlags: TraceFlags.SAMPLED,
      isRemote: true,
    });
    const parent = tracer.startSpan(
      'parent – ü',
      { kind: SpanKind.SERVER, startTime: START, attributes: { text: 'ü', yes: true, no: false, many: ['a', 'b'] } },
      caller,
    );
    const child = tracer.startSpan(
      'child',
      { startTime: START + 1, attributes: { whole: -7, part: 0.5, long: 'x'.repeat(300) } },
      trace.setSpan(caller, parent),
    );
    child.addEvent('retry', { attempt: 2 }, START + 2);
    child.setStatus({ code: SpanStatusCode.ERROR, message: 'it failed' });
    child.end(START + 3);
    parent.end(START + 4);
    await provider.shutdown();
  };

  describe.each([
    ['protobuf', 'none'],
    ['gzipped protobuf', 'gzip'],
  ] as const)('OTLP as %s', (_, compression) => {
    it('shows what the exporter of OpenTelemetry has sent', async () => {
      await exportWithOpenTelemetry('/api/public/otel/v1/traces', compression);
      const [trace, ...others] = langfuse.traces();
      expect(others).toEqual([]);
      expect(trace?.traceId).toBe(TRACE);
      const [root] = trace?.roots ?? [];
      expect(root).toMatchObject({
        parentSpanId: SPAN,
        name: 'parent – ü',
        kind: 2,
        startTimeMs: START,
        endTimeMs: START + 4,
        attributes: { text: 'ü', yes: true, no: false, many: ['a', 'b'] },
        events: [],
        status: { code: 0, message: '' },
        resource: { 'service.name': 'a service' },
        scope: { name: 'a scope', version: '1.2' },
        children: [
          {
            name: 'child',
            kind: 1,
            parentSpanId: root?.spanId,
            startTimeMs: START + 1,
            endTimeMs: START + 3,
            attributes: { whole: -7, part: 0.5, long: 'x'.repeat(300) },
            events: [{ name: 'retry', timeMs: START + 2, attributes: { attempt: 2 } }],
            status: { code: 2, message: 'it failed' },
            children: [],
          },
        ],
      });
      expect(langfuse.requests[0]?.headers['content-encoding']).toBe(compression === 'gzip' ? 'gzip' : undefined);
    });
  });

  it('keeps what comes to the collector route apart, and wants no key there', async () => {
    const response = await post('/v1/traces', makeExport(span()), { authorization: 'none' });
    expect([response.status, await response.json()]).toEqual([200, {}]);
    expect(langfuse.collectorSpans()).toMatchObject([{ traceId: TRACE }]);
    expect(langfuse.spans()).toEqual([]);
  });

  it('reads OTLP as JSON, with every kind of value', async () => {
    const values = [
      [{ stringValue: 'text' }, 'text'],
      [{ stringValue: '' }, ''],
      [{ boolValue: false }, false],
      [{ intValue: '42' }, 42],
      [{ intValue: 0 }, 0],
      [{ doubleValue: 1.5 }, 1.5],
      [{ arrayValue: { values: [{ stringValue: 'a' }, { intValue: '1' }] } }, ['a', 1]],
      [{ kvlistValue: { values: [{ key: 'k', value: { boolValue: true } }] } }, { k: true }],
      [{}, undefined],
    ] as const;
    const attributes = values.map(([value], index) => ({ key: `k${index}`, value }));
    expect((await postSpans(span({ attributes }))).status).toBe(200);
    expect(Object.values(langfuse.spans()[0]?.attributes ?? {})).toEqual(values.map(([, plain]) => plain));
    expect(langfuse.spans()[0]?.startTimeMs).toBe(START + 0.456);
  });

  it('orders siblings by their start and shows spans without a parent as roots', async () => {
    const at = (ms: number): object => ({
      startTimeUnixNano: `${START + ms}000000`,
      endTimeUnixNano: `${START + 9}000000`,
    });
    await postSpans(
      span({ spanId: CHILD, parentSpanId: SPAN, name: 'late', ...at(2) }),
      span({ spanId: '1111111111111111', parentSpanId: SPAN, name: 'early', ...at(1) }),
      span(at(0)),
      span({ traceId: TRACE.toUpperCase(), spanId: '2222222222222222', parentSpanId: '3333333333333333', ...at(5) }),
    );
    const [trace] = langfuse.traces();
    expect(trace?.roots.map(({ spanId }) => spanId)).toEqual([SPAN, '2222222222222222']);
    expect(trace?.roots[0]?.children.map(({ name }) => name)).toEqual(['early', 'late']);
  });

  it.each([
    ['a short trace id', span({ traceId: 'abc' })],
    ['a span id of zeros', span({ spanId: '0'.repeat(16) })],
    ['no name', span({ name: '' })],
    ['an end before the start', span({ endTimeUnixNano: '1' })],
    ['a key twice', span({ attributes: [{ key: 'k' }, { key: 'k' }] })],
    ['attributes that are no list', span({ attributes: { k: 'v' } })],
    ['a value of two kinds', span({ attributes: [{ key: 'k', value: { stringValue: '', intValue: 1 } }] })],
    ['a field that OTLP does not have', span({ span_id: SPAN })],
  ])('refuses a span with %s', async (_, broken) => {
    faultsAreMeant = true;
    expect((await postSpans(broken)).status).toBe(400);
    expect(langfuse.spans()).toEqual([]);
    expect(langfuse.faults).toEqual([expect.stringContaining('breaks OTLP')]);
    expect(() => langfuse.assertClean()).toThrow('breaks OTLP');
  });

  it.each([
    ['a cut message', [0x0a, 0x05, 0x00]],
    ['an unknown field', [0x12, 0x00]],
    ['a wrong wire type', [0x08, 0x00]],
    ['an endless varint', Array.from({ length: 12 }, () => 0xff)],
    ['text that is no UTF-8', [0x0a, 0x04, 0x1a, 0x02, 0xc3, 0x28]],
  ])('refuses protobuf with %s', async (_, bytes) => {
    faultsAreMeant = true;
    const headers = { 'content-type': 'application/x-protobuf' };
    expect((await post('/api/public/otel/v1/traces', Buffer.from(bytes), headers)).status).toBe(400);
    expect(langfuse.faults).toHaveLength(1);
  });

  it('refuses a body that is not what its headers say', async () => {
    faultsAreMeant = true;
    const path = '/api/public/otel/v1/traces';
    expect((await post(path, makeExport(span()), { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await post(path, makeExport(span()), { 'content-type': 'text/plain' })).status).toBe(400);
    expect((await post(path, gzipSync('{}'))).status).toBe(400);
    expect(langfuse.faults).toHaveLength(3);
  });

  it('counts a route that nothing of ours uses as a fault', async () => {
    faultsAreMeant = true;
    expect((await post('/api/public/otel', {})).status).toBe(404);
    expect(langfuse.faults).toEqual([expect.stringContaining('POST /api/public/otel ')]);
  });

  it('checks the keys, and does not keep them', async () => {
    const wrong = { authorization: 'Basic d3Jvbmc6a2V5' };
    const refused = [
      await post('/api/public/otel/v1/traces', makeExport(span()), wrong),
      await post('/api/public/ingestion', { batch: [] }, wrong),
      await fetch(`${langfuse.url}/api/public/projects`),
    ];
    expect(refused.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(langfuse.requests[0]?.headers.authorization).toBe('<withheld>');
    expect((await postSpans(span())).status).toBe(200);
    langfuse.rejectKeys();
    expect((await postSpans(span())).status).toBe(401);
    expect(langfuse.spans()).toHaveLength(1);
  });

  it('tells its health without keys and its project with them', async () => {
    const health = await fetch(`${langfuse.url}/api/public/health`);
    expect(await health.json()).toEqual({ status: 'OK', version: '4.16.0' });
    const projects = await fetch(`${langfuse.url}/api/public/projects`, {
      headers: { authorization: authorization() },
    });
    expect(await projects.json()).toMatchObject({ data: [{ name: 'test-project' }] });
  });

  it.each([
    ['4', 200],
    ['3', 200],
    ['5', 400],
    ['new', 400],
  ])('answers ingestion version %s with status %i', async (version, status) => {
    const headers = { 'x-langfuse-ingestion-version': version };
    expect((await post('/api/public/otel/v1/traces', makeExport(span()), headers)).status).toBe(status);
  });

  it('has no OTLP route in an old version', async () => {
    await restart('2.95.1');
    expect((await postSpans(span())).status).toBe(404);
  });

  it('refuses every event of a trace on the legacy route from version 4 on', async () => {
    const response = await postEvents(traceEvent(), generationEvent({}));
    expect(response.successes).toEqual([]);
    expect(response.errors).toMatchObject([
      { id: 'event-1', status: 400 },
      { id: 'event-2', status: 400 },
    ]);
    expect(langfuse.legacyEvents()).toEqual([]);
  });

  describe('the legacy route of version 2', () => {
    beforeEach(() => restart('2.95.1'));

    it('stores valid events once, whichever fields it does not know', async () => {
      const generation = generationEvent({
        model: 'm',
        modelParameters: { stop: ['a'], n: 1 },
        usageDetails: { input: 1 },
        foo: 1,
      });
      const response = await postEvents(traceEvent(), generation);
      expect(response).toEqual({
        successes: [
          { id: 'event-1', status: 201 },
          { id: 'event-2', status: 201 },
        ],
        errors: [],
      });
      await postEvents(generation);
      expect(langfuse.legacyEvents()).toHaveLength(2);
      expect(langfuse.legacyEvents()[1]?.body).toMatchObject({ model: 'm', modelParameters: { stop: ['a'], n: 1 } });
      expect(langfuse.legacyEvents()[1]?.body).not.toHaveProperty('foo');
    });

    it.each([
      ['a time that is not ISO 8601', traceEvent({}, { timestamp: '23 Nov 2026' })],
      ['a nested model parameter', generationEvent({ modelParameters: { response_format: { type: 'json' } } })],
      ['a fraction as a usage', generationEvent({ usage: { input: 1.5 } })],
      ['a negative usage', generationEvent({ usageDetails: { input: -1 } })],
      ['an unknown level', generationEvent({ level: 'BAD' })],
      ['no id', generationEvent({ id: undefined })],
      ['a prompt without its version', generationEvent({ promptName: 'p' })],
      ['an unknown type', traceEvent({ type: 'trace-delete' })],
    ])('refuses an event with %s, and only that one', async (_, broken) => {
      const response = await postEvents(broken, traceEvent({ id: 'good' }));
      expect(response.errors).toMatchObject([{ status: 400 }]);
      expect(langfuse.legacyEvents()).toMatchObject([{ id: 'good' }]);
    });

    it('refuses a body above its limit', async () => {
      const response = await post('/api/public/ingestion', { batch: ['x'.repeat(5_000_000)] });
      expect(response.status).toBe(413);
    });

    it('refuses every second event when told so', async () => {
      langfuse.setBehaviour('partial-207');
      const response = await postEvents(traceEvent(), traceEvent({ id: 'event-2' }));
      expect(response).toMatchObject({ successes: [{ id: 'event-1' }], errors: [{ id: 'event-2', status: 500 }] });
    });
  });

  it('refuses every second span as OTLP has it when told so', async () => {
    langfuse.setBehaviour('partial-207');
    const response = await postSpans(span(), span({ spanId: CHILD }));
    expect(await response.json()).toMatchObject({ partialSuccess: { rejectedSpans: '1' } });
    expect(langfuse.spans()).toMatchObject([{ spanId: SPAN }]);
    await exportWithOpenTelemetry('/v1/traces', 'none');
    expect(langfuse.collectorSpans()).toHaveLength(2);
  });

  it('breaks every connection off while it is down', async () => {
    langfuse.setBehaviour('down');
    await catchRejection(postSpans(span()));
    await catchRejection(fetch(`${langfuse.url}/api/public/health`));
    expect(langfuse.refusedConnections).toBeGreaterThanOrEqual(2);
    expect(langfuse.requests).toEqual([]);
    langfuse.setBehaviour('ok');
    expect((await postSpans(span())).status).toBe(200);
  });

  it('never answers when it hangs', async () => {
    langfuse.setBehaviour('hang');
    const leaving = new AbortController();
    const response = fetch(`${langfuse.url}/v1/traces`, { method: 'POST', body: '{}', signal: leaving.signal });
    await eventually(() => langfuse.open === 1);
    expect((await fetch(`${langfuse.url}/api/public/health`)).status).toBe(200);
    leaving.abort();
    await catchRejection(response);
    await eventually(() => langfuse.open === 0);
  });

  it('takes and answers what it is slow with when it is released', async () => {
    langfuse.setBehaviour('slow');
    const responses = [postSpans(span()), postSpans(span({ spanId: CHILD }))];
    await eventually(() => langfuse.open === 2);
    expect(langfuse.spans()).toEqual([]);
    langfuse.release();
    expect((await Promise.all(responses)).map(({ status }) => status)).toEqual([200, 200]);
    expect(langfuse.spans()).toHaveLength(2);
    expect(langfuse.mostOpen).toBe(2);
  });

  it('resets the connection, sends a page, and sends a status when told so', async () => {
    langfuse.setBehaviour('reset');
    await catchRejection(postSpans(span()));
    expect(langfuse.ingestRequests).toHaveLength(1);
    const page = await (langfuse.setBehaviour('html-500'), postSpans(span()));
    expect([page.status, page.headers.get('content-type')]).toEqual([500, 'text/html']);
    langfuse.setBehaviour({ status: 429, headers: { 'retry-after': '7' } });
    const busy = await postSpans(span());
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '7']);
  });
});
