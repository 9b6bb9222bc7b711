import { describe, expect, it } from '@jest/globals';
import { RecordingTracer } from './recording-tracer.js';

const call = { model: 'm', provider: 'demo', input: [] };

describe('RecordingTracer', () => {
  it('records the tree with what was given, and shows it', () => {
    const tracer = new RecordingTracer();
    const trace = tracer.startTrace({ name: 'streaming', userId: 'u1' });
    const span = trace.openSpan('TextNode', { input: { a: 1 } });
    const inner = span.openSpan('part');
    const generation = inner.openGeneration('chat', call);
    generation.noteFirstToken();
    generation.addEvent('retry', { attempt: 2 }, 'WARNING');
    generation.end({ usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } });
    inner.end({});
    span.end({ level: 'ERROR', statusMessage: 'boom' });

    expect(tracer.toString()).toBe(
      [
        'trace streaming (open)',
        '  span TextNode (ended: ERROR)',
        '    span part (ended)',
        '      generation chat (ended)',
        '        event retry (WARNING)',
      ].join('\n'),
    );
    expect(trace.id).toMatch(/^[0-9a-f]{32}$/);
    expect(tracer.traces[0]).toMatchObject({ id: trace.id, start: { userId: 'u1' } });
    expect(tracer.spans('TextNode')[0]).toMatchObject({
      start: { input: { a: 1 } },
      ending: { statusMessage: 'boom' },
    });
    expect(tracer.generations()).toMatchObject([
      {
        start: call,
        firstTokens: 1,
        events: [{ name: 'retry', data: { attempt: 2 }, level: 'WARNING' }],
        ending: { usage: { total_tokens: 3 } },
      },
    ]);
  });

  it('gives each trace its own id', () => {
    const tracer = new RecordingTracer();
    expect(tracer.startTrace({ name: 'a' }).id).not.toBe(tracer.startTrace({ name: 'b' }).id);
  });

  it('accepts traces of which everything was ended once', () => {
    const tracer = new RecordingTracer();
    const trace = tracer.startTrace({ name: 'a' });
    const span = trace.openSpan('node');
    span.openGeneration('chat', call).end({});
    span.end({});
    trace.end({});
    expect(() => tracer.assertAllClosed()).not.toThrow();
  });

  it.each([
    [
      'never ended',
      'span node was ended 0 times',
      (tracer: RecordingTracer) => tracer.startTrace({ name: 'a' }).openSpan('node'),
    ],
    [
      'ended twice',
      'generation chat was ended 2 times',
      (tracer: RecordingTracer) => {
        const generation = tracer.startTrace({ name: 'a' }).openSpan('node').openGeneration('chat', call);
        generation.end({});
        generation.end({});
      },
    ],
    [
      'added to after its end',
      'span node was given the event late after its end',
      (tracer: RecordingTracer) => {
        const span = tracer.startTrace({ name: 'a' }).openSpan('node');
        span.end({});
        span.addEvent('late');
      },
    ],
  ])('reports what was %s', (_, fault, record) => {
    const tracer = new RecordingTracer();
    record(tracer);
    expect(() => tracer.assertAllClosed()).toThrow(fault);
  });

  it('records flushes', async () => {
    const tracer = new RecordingTracer();
    await tracer.flush(500);
    expect(tracer.flushes).toEqual([500]);
  });
});
