import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { RandomIdSource } from '../../kernel/index.js';
import type { TraceHandle } from '../tracer.js';
import { BackendTracer } from './backend-tracer.js';
import { Capture } from './capture.js';
import { DeliveryLog } from './delivery-log.js';
import { DeliveryQueue } from './delivery-queue.js';
import type { FinishedObservation, FinishedTrace, TraceExporter } from './finished-trace.js';

const CALLER = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER_SPAN = '00f067aa0ba902b7';

class Kept implements TraceExporter {
  readonly traces: FinishedTrace[] = [];

  constructor(readonly name: string) {}

  export(traces: readonly FinishedTrace[]): Promise<void> {
    this.traces.push(...traces);
    return Promise.resolve();
  }
}

function makeTracer(
  options: Partial<ConstructorParameters<typeof BackendTracer>[0]> = {},
  queueBytes: readonly number[] = [1_000_000],
) {
  const clock = new FakeClock();
  const silent = { log: () => undefined, warn: () => undefined };
  const backends = queueBytes.map((_, i) => new Kept(`backend-${i}`));
  const queues = queueBytes.map(
    (bytes, i) =>
      new DeliveryQueue(
        backends[i] ?? new Kept(''),
        { bytes, traces: 100 },
        clock,
        new DeliveryLog('Backend', silent, clock),
      ),
  );
  const faults: unknown[] = [];
  const tracer = new BackendTracer({
    queues,
    capture: new Capture({ content: true, limit: 10_000, mask: undefined }),
    clock,
    ids: new RandomIdSource(),
    sampleRate: 1,
    isSamplingParentBased: false,
    continueTraces: false,
    onFault: (error) => faults.push(error),
    ...options,
  });
  const readSent = async (backend = 0): Promise<readonly FinishedTrace[]> => {
    await clock.advanceAsync(1_000);
    return backends[backend]?.traces ?? [];
  };
  return { clock, tracer, faults, sent: readSent };
}

/** One trace with everything, each part 10 ms after the one before. */
function record(clock: FakeClock, trace: TraceHandle): void {
  clock.advance(10);
  const span = trace.openSpan('Node', { input: { a: 1 }, metadata: { kind: 'x' } });
  clock.advance(10);
  const generation = span.openGeneration('gpt', {
    model: 'gpt',
    provider: 'openai',
    parameters: { temperature: 0, tools: [{ type: 'function' }] },
    input: [{ role: 'user', content: 'Hi' }],
  });
  clock.advance(10);
  generation.addEvent('retry', { attempt: 1 }, 'WARNING');
  clock.advance(10);
  generation.noteFirstToken();
  clock.advance(10);
  generation.noteFirstToken();
  generation.end({
    output: 'Hello',
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    finishReason: 'stop',
    model: 'gpt-2026',
  });
  clock.advance(10);
  span.end({ output: { b: 2 } });
  clock.advance(10);
  trace.end({ output: 'Hello', metadata: { finish_reason: 'stop' } });
}

describe('BackendTracer', () => {
  it('sends a whole trace when it has ended', async () => {
    const { clock, tracer, faults, sent } = makeTracer();
    const start = clock.now();
    const trace = tracer.startTrace({
      name: 'w',
      userId: 'u',
      sessionId: 's',
      tags: ['t'],
      input: 'in',
      metadata: { m: 1 },
    });
    record(clock, trace);
    const [finished, ...more] = await sent();
    expect({ more, faults }).toEqual({ more: [], faults: [] });
    const [root, span, generation] = finished?.observations ?? [];
    expect(trace.id).toMatch(/^[0-9a-f]{32}$/);
    expect(finished).toMatchObject({ id: trace.id, name: 'w', userId: 'u', sessionId: 's', tags: ['t'] });
    expect(root).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      name: 'w',
      startTime: start,
      endTime: start + 70,
      input: 'in',
      output: 'Hello',
      metadata: { m: '1', finish_reason: 'stop' },
      level: 'DEFAULT',
      events: [],
    });
    expect(span).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      parentId: root?.id,
      name: 'Node',
      startTime: start + 10,
      endTime: start + 60,
      input: '{"a":1}',
      output: '{"b":2}',
      metadata: { kind: 'x' },
      level: 'DEFAULT',
      events: [],
    });
    expect(generation).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      parentId: span?.id,
      name: 'gpt',
      startTime: start + 20,
      endTime: start + 50,
      input: '[{"role":"user","content":"Hi"}]',
      output: 'Hello',
      metadata: { tools: '[{"type":"function"}]' },
      level: 'DEFAULT',
      events: [{ name: 'retry', time: start + 30, level: 'WARNING', data: { attempt: '1' } }],
      generation: {
        provider: 'openai',
        model: 'gpt',
        answeredBy: 'gpt-2026',
        parameters: { temperature: 0 },
        usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
        finishReason: 'stop',
        firstTokenTime: start + 40,
      },
    });
  });

  it('counts the first ending, and ends open observations with the trace', async () => {
    const { tracer, sent } = makeTracer();
    const trace = tracer.startTrace({ name: 'w' });
    const span = trace.openSpan('ended');
    const open = trace.openSpan('open');
    const generation = open.openGeneration('g', { model: 'm', provider: 'p', input: 'x' });
    span.end({ output: 'first' });
    span.end({ output: 'second' });
    trace.end({ output: 'first' });
    trace.end({ output: 'second' });
    open.end({ output: 'late' });
    open.addEvent('late');
    generation.noteFirstToken();
    generation.end({ output: 'late' });
    open.openSpan('late').end({});
    trace
      .openSpan('late')
      .openSpan('later')
      .openGeneration('l', { model: 'm', provider: 'p', input: '' })
      .noteFirstToken();
    const [finished, ...more] = await sent();
    expect(more).toEqual([]);
    const seen = (finished?.observations ?? []).map(({ name, output, level, statusMessage }: FinishedObservation) => [
      name,
      output,
      level,
      statusMessage,
    ]);
    expect(seen).toEqual([
      ['w', 'first', 'DEFAULT', undefined],
      ['ended', 'first', 'DEFAULT', undefined],
      ['open', undefined, 'WARNING', 'not ended'],
      ['g', undefined, 'WARNING', 'not ended'],
    ]);
  });

  it('keeps its times in order if the time of day jumps back', async () => {
    const clock = new FakeClock();
    let jump = 0;
    const jumping = {
      now: () => clock.now() - jump,
      monotonic: () => clock.monotonic(),
      after: (ms: number, callback: () => void) => clock.after(ms, callback),
    };
    const { tracer, sent } = makeTracer({ clock: jumping });
    const trace = tracer.startTrace({ name: 'w' });
    jump = 3_600_000;
    clock.advance(5);
    trace.end({});
    const [finished] = await sent();
    expect((finished?.observations[0]?.endTime ?? 0) - (finished?.observations[0]?.startTime ?? 0)).toBe(5);
  });

  it('gives up a whole trace that grows too large, and frees its memory at once', async () => {
    const { tracer, sent } = makeTracer({}, [5_000]);
    const trace = tracer.startTrace({ name: 'w', input: 'x' });
    const span = trace.openSpan('n', { input: 'y'.repeat(3_000) });
    expect(tracer.readHealth().exporters[0]?.queueBytes).toBeGreaterThan(3_000);
    span.end({ output: 'z'.repeat(3_000) });
    expect(tracer.readHealth().exporters[0]).toMatchObject({ queueBytes: 0, droppedTraces: 1 });
    span.addEvent('more');
    span.openSpan('more').end({});
    trace.end({ output: 'done' });
    expect(await sent()).toEqual([]);
    expect(tracer.readHealth().exporters[0]).toMatchObject({ queueBytes: 0, droppedTraces: 1 });
  });

  it('sends a trace to the backends that have room for it', async () => {
    const { tracer, sent } = makeTracer({}, [1_000, 100_000]);
    const trace = tracer.startTrace({ name: 'w', input: 'x'.repeat(2_000) });
    trace.end({});
    expect(await sent(0)).toEqual([]);
    expect(await sent(1)).toHaveLength(1);
    expect(tracer.readHealth()).toMatchObject({
      startedTraces: 1,
      exporters: [
        { droppedTraces: 1, exportedTraces: 0 },
        { droppedTraces: 0, exportedTraces: 1 },
      ],
    });
  });

  it('gives a dropped trace an id and nothing else', async () => {
    const { clock, tracer, sent } = makeTracer({ sampleRate: 0 });
    const trace = tracer.startTrace({ name: 'w', input: 'x' });
    expect(trace.id).toMatch(/^[0-9a-f]{32}$/);
    record(clock, trace);
    expect(await sent()).toEqual([]);
    expect(tracer.readHealth()).toMatchObject({ startedTraces: 1, exporters: [{ droppedTraces: 0, queueBytes: 0 }] });
  });

  describe("and a caller's trace", () => {
    const traceparent = `00-${CALLER}-${CALLER_SPAN}-01`;

    it('notes it, and begins a new one', async () => {
      const { tracer, sent } = makeTracer();
      const trace = tracer.startTrace({ name: 'w', traceparent });
      trace.end({});
      const [finished] = await sent();
      expect(finished?.id).toBe(trace.id);
      expect(finished?.id).not.toBe(CALLER);
      expect(finished?.callerSpanId).toBeUndefined();
      expect(finished?.observations[0]?.metadata).toEqual({ traceparent });
    });

    it('continues the trace of a run that another process started, whatever the trace of its caller is', async () => {
      const { tracer, sent } = makeTracer({ continueTraces: true });
      const continues = 'a'.repeat(32);
      const trace = tracer.startTrace({ name: 'flow', traceparent: `00-${CALLER}-${CALLER_SPAN}-01`, continues });
      trace.end({});
      expect([trace.id, (await sent())[0]?.id]).toEqual([continues, continues]);
    });

    it('continues it if so configured', async () => {
      const { tracer, sent } = makeTracer({ continueTraces: true });
      const trace = tracer.startTrace({ name: 'w', traceparent });
      trace.end({});
      expect(trace.id).toBe(CALLER);
      expect((await sent())[0]).toMatchObject({ id: CALLER, callerSpanId: CALLER_SPAN });
    });

    it('keeps nothing if the caller keeps nothing, unless the trace is a new one', async () => {
      const unsampled = traceparent.replace(/01$/, '00');
      const continuing = makeTracer({ continueTraces: true });
      const trace = continuing.tracer.startTrace({ name: 'w', traceparent: unsampled });
      trace.end({});
      expect(trace.id).toBe(CALLER);
      expect(await continuing.sent()).toEqual([]);

      const recording = makeTracer();
      recording.tracer.startTrace({ name: 'w', traceparent: unsampled }).end({});
      expect(await recording.sent()).toHaveLength(1);
    });

    it('keeps all that the caller keeps if sampling is parent-based', async () => {
      const own = makeTracer({ continueTraces: true, sampleRate: 0 });
      own.tracer.startTrace({ name: 'w', traceparent }).end({});
      expect(await own.sent()).toEqual([]);
      const { tracer, sent } = makeTracer({ continueTraces: true, sampleRate: 0, isSamplingParentBased: true });
      tracer.startTrace({ name: 'w', traceparent }).end({});
      tracer.startTrace({ name: 'w' }).end({});
      expect(await sent()).toHaveLength(1);
    });

    it('ignores a malformed one', async () => {
      const { tracer, sent } = makeTracer({ continueTraces: true });
      tracer.startTrace({ name: 'w', traceparent: 'nonsense' }).end({});
      expect((await sent())[0]?.observations[0]?.metadata).toEqual({});
    });
  });

  it('never throws, whatever fails inside', () => {
    const ids = new RandomIdSource();
    let broken = false;
    ids.spanId = () => {
      if (broken) throw new Error('no ids');
      return '00f067aa0ba902b7';
    };
    const { clock, tracer, faults } = makeTracer({ ids });
    const trace = tracer.startTrace({ name: 'w' });
    broken = true;
    record(clock, trace);
    record(clock, tracer.startTrace({ name: 'w' }));
    expect(faults).toHaveLength(2);
    ids.traceId = () => {
      throw new Error('no ids');
    };
    record(clock, tracer.startTrace({ name: 'w' }));
    expect(faults).toHaveLength(3);
  });
});
