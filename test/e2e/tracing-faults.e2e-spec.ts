import { afterEach, describe, expect, it } from '@jest/globals';
import { type ExporterHealth, Tracer } from '../../src/tracing/index.js';
import { Bench } from '../support/app.js';
import { assertCompletion } from '../support/chunks.js';
import { eventually, within } from '../support/eventually.js';
import { FakeLangfuse, type FakeLangfuseBehaviour } from '../support/fake-langfuse.js';
import { scriptStream } from '../support/upstream/scripts.js';

describe('tracing to a backend that fails', () => {
  let bench: Bench;
  let langfuse: FakeLangfuse;
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0).toReversed()) await each.close();
  });

  const start = async (
    behaviour: FakeLangfuseBehaviour,
    env: Record<string, string> = {},
    prepare: (langfuse: FakeLangfuse) => void = () => undefined,
  ): Promise<void> => {
    langfuse = await FakeLangfuse.start();
    open.push(langfuse);
    langfuse.setBehaviour(behaviour);
    prepare(langfuse);
    bench = await Bench.start({
      env: {
        LANGFUSE_PUBLIC_KEY: langfuse.publicKey,
        LANGFUSE_SECRET_KEY: langfuse.secretKey,
        LANGFUSE_BASE_URL: langfuse.url,
        TRACING_FLUSH_TIMEOUT_MS: '100',
        ...env,
      },
    });
    open.push(bench);
    bench.upstream.always(scriptStream(['Hi ', 'there']));
  };

  /**
   * Requests a completion, and checks it.
   * @returns the trace's id
   */
  const askWell = async (content = 'Hello'): Promise<string> => {
    const stream = await bench.open({ messages: [{ role: 'user', content }] });
    assertCompletion(await stream.collect(), { content: 'Hi there', finish: 'stop' });
    return String(stream.headers['x-trace-id']);
  };

  const tracer = (): Tracer => bench.app.nest.get(Tracer, { strict: false });
  const health = (): ExporterHealth => {
    const [first] = tracer().readHealth().exporters;
    if (first === undefined) throw new Error('There is no backend');
    return first;
  };
  /** Waits until the health meets a condition, and returns it. */
  const healthOnce = (wanted: (health: ExporterHealth) => boolean): Promise<ExporterHealth> =>
    eventually(() => (wanted(health()) ? health() : undefined), {
      message: `a change of the health ${JSON.stringify(health())}`,
    });

  it.each<[string, FakeLangfuseBehaviour]>([
    ['is down', 'down'],
    ['resets connections', 'reset'],
    ['answers with 500', { status: 500 }],
    ['answers with a page for 500', 'html-500'],
    ['answers with 503', { status: 503 }],
    ['limits the rate', { status: 429, headers: { 'retry-after': '1' } }],
  ])('delivers later, once, and whole, to one that %s', async (_, behaviour) => {
    await start(behaviour);
    const id = await askWell();
    expect(await healthOnce(({ failures }) => failures > 0)).toMatchObject({
      up: false,
      exportedTraces: 0,
      droppedTraces: 0,
    });
    const second = await askWell();
    langfuse.setBehaviour('ok');
    expect(await healthOnce(({ exportedTraces }) => exportedTraces === 2)).toMatchObject({
      up: true,
      droppedTraces: 0,
      queueBytes: 0,
    });
    expect(langfuse.traces().map(({ traceId, spans }) => [traceId, spans.length])).toEqual([
      [id, 3],
      [second, 3],
    ]);
  });

  it.each<[string, FakeLangfuseBehaviour]>([
    ['does not know the way', { status: 404 }],
    ['finds it too large', { status: 413 }],
    ['finds it wrong', { status: 400 }],
    ['sends it elsewhere', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }],
    ['takes only a part', 'partial-207'],
  ])('gives up what a backend that %s refuses', async (_, behaviour) => {
    await start(behaviour);
    await askWell();
    expect(await healthOnce(({ failures }) => failures > 0)).toMatchObject({
      up: false,
      droppedTraces: 1,
      exportedTraces: 0,
      queueBytes: 0,
    });
    langfuse.setBehaviour('ok');
    const id = await askWell();
    expect(await healthOnce(({ up }) => up)).toMatchObject({ exportedTraces: 1, failures: 1 });
    expect(langfuse.traces().map(({ traceId }) => traceId)).toContain(id);
  });

  it('shows that the keys are wrong before anything is sent', async () => {
    await start('ok', {}, (each) => each.rejectKeys());
    expect(await healthOnce(({ up }) => !up)).toMatchObject({ failures: 0 });
    await askWell();
    expect(await healthOnce(({ failures }) => failures > 0)).toMatchObject({ up: false, droppedTraces: 1 });
    expect(langfuse.ingestRequests).toHaveLength(1);
  });

  it('answers as ever while a delivery hangs, and breaks the delivery off in the end', async () => {
    await start('hang');
    await askWell();
    await eventually(() => langfuse.open === 1);
    const started = performance.now();
    await Promise.all(Array.from({ length: 20 }, () => askWell()));
    expect(langfuse.open).toBe(1);
    // Far less than the timeout of a delivery.
    expect(performance.now() - started).toBeLessThan(4_000);
    expect(await healthOnce(({ failures }) => failures > 0)).toMatchObject({ up: false, droppedTraces: 0 });
    langfuse.setBehaviour('ok');
    expect(await healthOnce(({ exportedTraces }) => exportedTraces === 21)).toMatchObject({ up: true, queueBytes: 0 });
    expect(langfuse.mostOpen).toBe(1);
  });

  it('waits for a slow one, with one request at a time', async () => {
    await start('slow');
    await askWell();
    await eventually(() => langfuse.open === 1);
    for (let i = 0; i < 5; i++) await askWell();
    langfuse.setBehaviour('ok');
    langfuse.release();
    expect(await healthOnce(({ exportedTraces }) => exportedTraces === 6)).toMatchObject({ failures: 0 });
    expect([langfuse.mostOpen, langfuse.ingestRequests.length]).toEqual([1, 2]);
  });

  it('keeps within its memory, and drops traces whole', async () => {
    const limit = 1024 ** 2;
    await start('slow', { TRACING_QUEUE_BYTES: '1mb' });
    let most = 0;
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: 10 }, () => askWell('x'.repeat(50_000))));
      most = Math.max(most, health().queueBytes);
    }
    expect(most).toBeGreaterThan(limit / 2);
    expect(most).toBeLessThanOrEqual(limit);
    const { droppedTraces } = health();
    expect(droppedTraces).toBeGreaterThan(50);
    langfuse.setBehaviour('ok');
    langfuse.release();
    const { exportedTraces } = await healthOnce(({ queueBytes }) => queueBytes === 0);
    expect(exportedTraces + droppedTraces).toBe(100);
    expect(langfuse.traces()).toHaveLength(exportedTraces);
    // A delivery that timed out on a slow machine but did arrive is repeated with the same spans.
    const counts = langfuse.traces().map(({ spans }) => new Set(spans.map(({ spanId }) => spanId)).size);
    expect(new Set(counts)).toEqual(new Set([3]));
    await askWell();
    await healthOnce((now) => now.exportedTraces === exportedTraces + 1);
  });

  it('serves and starts where the server cannot be reached at all', async () => {
    const gone = await FakeLangfuse.start();
    const { url } = gone;
    await gone.close();
    await start('ok', { LANGFUSE_BASE_URL: url });
    await askWell();
    expect(await healthOnce(({ failures }) => failures > 0)).toMatchObject({ up: false, droppedTraces: 0 });
    const started = performance.now();
    await within(tracer().flush(200));
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('ends with the application, at its deadline, while a delivery hangs', async () => {
    await start('hang');
    await askWell();
    await eventually(() => langfuse.open === 1);
    await within(bench.close(), { within: 3_000, message: 'the application to end' });
    open.pop();
    await eventually(() => langfuse.open === 0);
    expect(langfuse.ingestRequests).toHaveLength(1);
  });

  it('sends what waits when the application ends', async () => {
    await start('ok', { TRACING_FLUSH_TIMEOUT_MS: '5000' });
    const id = await askWell();
    await bench.close();
    open.pop();
    expect(langfuse.traces().map(({ traceId }) => traceId)).toEqual([id]);
  });
});
