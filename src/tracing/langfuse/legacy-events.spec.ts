import { describe, expect, it } from '@jest/globals';
import type { FinishedObservation, FinishedTrace } from '../recording/finished-trace.js';
import { makeLegacyEvents } from './legacy-events.js';

const START = Date.UTC(2026, 10, 23, 8);

const observation = (fields: Partial<FinishedObservation>): FinishedObservation => ({
  id: 'a'.repeat(16),
  name: 'streaming',
  startTime: START + 0.25,
  endTime: START + 100.75,
  metadata: {},
  level: 'DEFAULT',
  events: [],
  ...fields,
});

const ROOT = observation({
  input: '[{"role":"user","content":"hi"}]',
  output: 'hello',
  metadata: { run_id: 'r', cost: '{"a":1}' },
});
const NODE = observation({
  id: 'b'.repeat(16),
  parentId: ROOT.id,
  name: 'TextNode',
  input: 'hi',
  metadata: { kind: 'agent' },
});
const CALL = observation({
  id: 'c'.repeat(16),
  parentId: NODE.id,
  name: 'gpt',
  level: 'ERROR',
  statusMessage: 'upstream_error: status 503',
  metadata: { tools: '[]' },
  generation: {
    provider: 'openai',
    model: 'gpt-5.4-mini',
    answeredBy: 'gpt-5.4-mini-2026-01-01',
    parameters: { temperature: 0.5, stop: ['a', 'b'], stream: true },
    usage: {
      prompt_tokens: 10,
      completion_tokens: 8,
      total_tokens: 18,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 3 },
    },
    finishReason: 'stop',
    firstTokenTime: START + 50,
  },
  events: [
    { name: 'retry', time: START + 10, level: 'WARNING', data: { attempt: '1' } },
    { name: 'retry', time: START + 20, level: 'WARNING', data: { attempt: '2' } },
  ],
});

const TRACE: FinishedTrace = {
  id: 'f'.repeat(32),
  name: 'streaming',
  userId: 'user-1',
  sessionId: 'session-1',
  tags: ['stream'],
  observations: [ROOT, NODE, CALL],
  bytes: 1_000,
};

const DEPLOYMENT = { environment: 'staging', release: '1.2.3' };

describe('makeLegacyEvents', () => {
  it('puts the request itself into the trace, and its times and ending into a span', () => {
    const [trace, root] = makeLegacyEvents(TRACE, DEPLOYMENT);
    expect(trace).toEqual({
      id: `${ROOT.id}-trace`,
      type: 'trace-create',
      timestamp: '2026-11-23T08:00:00.100Z',
      body: {
        id: TRACE.id,
        timestamp: '2026-11-23T08:00:00.000Z',
        name: 'streaming',
        userId: 'user-1',
        sessionId: 'session-1',
        tags: ['stream'],
        release: '1.2.3',
        environment: 'staging',
        input: [{ role: 'user', content: 'hi' }],
        output: 'hello',
        metadata: { run_id: 'r', cost: { a: 1 } },
      },
    });
    expect(root).toEqual({
      id: `${ROOT.id}-end`,
      type: 'span-create',
      timestamp: '2026-11-23T08:00:00.100Z',
      body: {
        id: ROOT.id,
        traceId: TRACE.id,
        name: 'streaming',
        startTime: '2026-11-23T08:00:00.000Z',
        endTime: '2026-11-23T08:00:00.100Z',
        level: 'DEFAULT',
        environment: 'staging',
        metadata: {},
      },
    });
  });

  it('makes a span for a node', () => {
    expect(makeLegacyEvents(TRACE, DEPLOYMENT)[2]).toMatchObject({
      type: 'span-create',
      body: { parentObservationId: ROOT.id, name: 'TextNode', input: 'hi', metadata: { kind: 'agent' } },
    });
  });

  it('makes a generation for a model call, with buckets that do not overlap', () => {
    expect(makeLegacyEvents(TRACE, DEPLOYMENT)[3]).toMatchObject({
      type: 'generation-create',
      body: {
        parentObservationId: NODE.id,
        level: 'ERROR',
        statusMessage: 'upstream_error: status 503',
        model: 'gpt-5.4-mini-2026-01-01',
        modelParameters: { temperature: 0.5, stop: ['a', 'b'], stream: true },
        completionStartTime: '2026-11-23T08:00:00.050Z',
        usageDetails: { input: 6, input_cached_tokens: 4, output: 5, output_reasoning_tokens: 3, total: 18 },
        metadata: { tools: [], provider: 'openai', requested_model: 'gpt-5.4-mini', finish_reason: 'stop' },
      },
    });
  });

  it('makes events for what happened in a model call', () => {
    expect(makeLegacyEvents(TRACE, DEPLOYMENT).slice(4)).toMatchObject([
      {
        id: `${CALL.id}-0-event`,
        type: 'event-create',
        body: { parentObservationId: CALL.id, startTime: '2026-11-23T08:00:00.010Z' },
      },
      { id: `${CALL.id}-1-event`, body: { id: `${CALL.id}-1`, level: 'WARNING', metadata: { attempt: '2' } } },
    ]);
  });

  it('leaves out unknown values', () => {
    const call = observation({
      id: CALL.id,
      generation: { provider: 'openai', model: 'gpt-5.4-mini', parameters: {} },
    });
    const [trace, , generation] = makeLegacyEvents(
      { id: TRACE.id, name: 'n', tags: [], observations: [observation({}), call], bytes: 1 },
      {},
    );
    expect(Object.keys(trace?.body ?? {}).sort()).toEqual(['id', 'metadata', 'name', 'tags', 'timestamp']);
    expect(generation?.body).toMatchObject({ model: 'gpt-5.4-mini', metadata: { provider: 'openai' } });
    for (const absent of ['usageDetails', 'completionStartTime', 'statusMessage', 'input', 'output', 'environment']) {
      expect(generation?.body).not.toHaveProperty(absent);
    }
  });

  it('puts the request below the caller whose trace it continues', () => {
    const [, root] = makeLegacyEvents({ ...TRACE, callerSpanId: 'd'.repeat(16) }, {});
    expect(root?.body).toMatchObject({ id: ROOT.id, parentObservationId: 'd'.repeat(16) });
  });

  it('gives each event a unique id, which stays the same when the trace is sent again', () => {
    const ids = makeLegacyEvents(TRACE, DEPLOYMENT).map(({ id }) => id);
    expect(new Set(ids).size).toBe(6);
    expect(makeLegacyEvents(TRACE, {}).map(({ id }) => id)).toEqual(ids);
  });
});
