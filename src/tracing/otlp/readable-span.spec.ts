import { describe, expect, it } from '@jest/globals';
import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import * as fc from 'fast-check';
import type { FinishedGeneration, FinishedObservation, FinishedTrace } from '../recording/finished-trace.js';
import { makeReadableSpans } from './readable-span.js';
import { toHrTime, toIsoTime } from './times.js';

const START = Date.UTC(2026, 10, 1) + 0.25;
const ORIGIN = {
  resource: resourceFromAttributes({ 'service.name': 'x' }),
  scope: { name: 'millrace' },
  deployment: { 'langfuse.environment': 'staging' },
  providerNames: { azure_openai: 'azure.ai.openai' },
};

const observation = (more: Partial<FinishedObservation> = {}): FinishedObservation => ({
  id: '00f067aa0ba902b7',
  name: 'n',
  startTime: START,
  endTime: START + 1_500,
  metadata: {},
  level: 'DEFAULT',
  events: [],
  ...more,
});

const generation = (more: Partial<FinishedGeneration> = {}): Partial<FinishedObservation> => ({
  parentId: '1111111111111111',
  generation: { provider: 'openai', model: 'gpt', parameters: {}, ...more },
});

const trace = (...observations: FinishedObservation[]): FinishedTrace => ({
  id: '4bf92f3577b34da6a3ce929d0e0e4736',
  name: 'w',
  tags: [],
  observations,
  bytes: 0,
});

const makeSpan = (more: Partial<FinishedObservation>, of: Partial<FinishedTrace> = {}) => {
  const [span] = makeReadableSpans({ ...trace(observation(more)), ...of }, ORIGIN);
  if (span === undefined) throw new Error('There is no span');
  return span;
};

const readAttributes = (more: Partial<FinishedObservation>): Attributes => makeSpan(more).attributes;

describe('makeReadableSpans', () => {
  it('has times to the microsecond', () => {
    const { startTime, endTime, duration } = makeSpan({});
    expect([startTime, endTime, duration]).toEqual([
      [1_793_491_200, 250_000],
      [1_793_491_201, 500_250_000],
      [1, 500_000_000],
    ]);
  });

  it('makes the root a server span and model calls client spans, and puts a continued trace under its caller', () => {
    expect(makeSpan({}).kind).toBe(SpanKind.SERVER);
    expect(makeSpan({ parentId: '1111111111111111' }).kind).toBe(SpanKind.INTERNAL);
    expect(makeSpan(generation()).kind).toBe(SpanKind.CLIENT);
    expect(makeSpan({}).parentSpanContext).toBeUndefined();
    expect(makeSpan({ parentId: '1111111111111111' }).parentSpanContext).toMatchObject({
      spanId: '1111111111111111',
      isRemote: false,
    });
    expect(makeSpan({}, { callerSpanId: '2222222222222222' }).parentSpanContext).toMatchObject({
      spanId: '2222222222222222',
      isRemote: true,
    });
  });

  it('repeats the attributes of the trace on each observation', () => {
    const whole = { ...trace(observation(), observation(generation())), userId: 'u', sessionId: 's', tags: ['a', 'b'] };
    for (const { attributes } of makeReadableSpans(whole, ORIGIN)) {
      expect(attributes).toMatchObject({
        'langfuse.trace.name': 'w',
        'user.id': 'u',
        'session.id': 's',
        'langfuse.trace.tags': ['a', 'b'],
        'langfuse.environment': 'staging',
        'gen_ai.conversation.id': 's',
      });
    }
  });

  it('counts tokens without overlap for Langfuse, and with overlap for other backends', () => {
    const usage = {
      prompt_tokens: 100,
      completion_tokens: 50,
      total_tokens: 150,
      prompt_tokens_details: { cached_tokens: 60 },
      completion_tokens_details: { reasoning_tokens: 20 },
    };
    const attributes = readAttributes(generation({ usage }));
    expect(JSON.parse(String(attributes['langfuse.observation.usage_details']))).toEqual({
      input: 40,
      input_cached_tokens: 60,
      output: 30,
      output_reasoning_tokens: 20,
      total: 150,
    });
    expect(attributes).toMatchObject({
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 50,
      'gen_ai.usage.cache_read.input_tokens': 60,
      'gen_ai.usage.reasoning.output_tokens': 20,
    });
    expect(Object.keys(readAttributes(generation())).filter((name) => name.includes('usage'))).toEqual([]);
  });

  it('names models, providers and parameters by the conventions', () => {
    const parameters = { temperature: 0, max_completion_tokens: 9, stop: 'END', seed: 1, user: 'u', top_p: 'odd' };
    const attributes = readAttributes(
      generation({ provider: 'azure_openai', answeredBy: 'gpt-1', parameters, finishReason: 'length' }),
    );
    expect(attributes).toMatchObject({
      'langfuse.observation.type': 'generation',
      'langfuse.observation.model.name': 'gpt-1',
      'langfuse.observation.metadata.finish_reason': 'length',
      'gen_ai.provider.name': 'azure.ai.openai',
      'gen_ai.request.model': 'gpt',
      'gen_ai.response.model': 'gpt-1',
      'gen_ai.response.finish_reasons': ['length'],
      'gen_ai.request.temperature': 0,
      'gen_ai.request.max_tokens': 9,
      'gen_ai.request.seed': 1,
      'gen_ai.request.stop_sequences': ['END'],
    });
    expect(JSON.parse(String(attributes['langfuse.observation.model.parameters']))).toEqual(parameters);
    expect(attributes).not.toHaveProperty(['gen_ai.request.top_p']);
    expect(readAttributes(generation({ provider: 'ollama' }))['gen_ai.provider.name']).toBe('ollama');
  });

  it('has the first token as a time and as a duration', () => {
    const attributes = readAttributes(generation({ firstTokenTime: START + 0.5 }));
    expect(attributes['langfuse.observation.completion_start_time']).toBe('2026-11-01T00:00:00.000750Z');
    expect(attributes['gen_ai.response.time_to_first_chunk']).toBe(0.0005);
  });

  it('has the status error for errors alone', () => {
    const failed = makeSpan({ level: 'ERROR', statusMessage: 'upstream_error: upstream status 500' });
    expect(failed.status).toEqual({ code: SpanStatusCode.ERROR, message: 'upstream_error: upstream status 500' });
    expect(failed.attributes).toMatchObject({
      'langfuse.observation.level': 'ERROR',
      'langfuse.observation.status_message': 'upstream_error: upstream status 500',
      'error.type': 'upstream_error',
    });
    expect(readAttributes({ level: 'ERROR' })['error.type']).toBe('_OTHER');
    const aborted = makeSpan({ level: 'WARNING', statusMessage: 'aborted: client_disconnected' });
    expect(aborted.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(aborted.attributes).not.toHaveProperty(['error.type']);
  });

  it('repeats events in the metadata for Langfuse', () => {
    const event = { name: 'retry', time: START + 20, level: 'WARNING', data: { attempt: '1' } } as const;
    const { events, attributes } = makeSpan({ events: [event] });
    expect(events).toEqual([
      {
        name: 'retry',
        time: [1_793_491_200, 20_250_000],
        attributes: { attempt: '1', level: 'WARNING' },
        droppedAttributesCount: 0,
      },
    ]);
    expect(JSON.parse(String(attributes['langfuse.observation.metadata.events']))).toEqual([
      { name: 'retry', after_ms: 20, level: 'WARNING', attempt: '1' },
    ]);
  });

  it('can be serialized, whatever was captured', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.dictionary(fc.string(), fc.string({ unit: 'binary' })),
        (text, metadata) => {
          const odd = observation({
            ...generation(),
            name: text,
            input: text,
            output: text,
            statusMessage: text,
            metadata,
          });
          const spans = makeReadableSpans({ ...trace(odd), userId: text, tags: [text] }, ORIGIN);
          expect(ProtobufTraceSerializer.serializeRequest(spans)?.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe('times', () => {
  it('agree for every microsecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_000_000 }), (micros) => {
        const [seconds, nanos] = toHrTime(micros / 1_000);
        expect(seconds * 1_000_000 + nanos / 1_000).toBe(micros);
        const iso = toIsoTime(micros / 1_000);
        expect(Date.parse(iso.replace(/\d{3}Z$/, 'Z')) * 1_000 + Number(iso.slice(-4, -1))).toBe(micros);
      }),
    );
  });
});
