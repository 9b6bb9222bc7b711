import { describe, expect, it } from '@jest/globals';
import {
  content,
  nodeDone,
  error,
  makeFailed,
  finished,
  fold,
  outline,
  started,
  tell,
  think,
  type TimedEvent,
} from '../../../test/support/response-folds.js';
import { CREATED_AT, RESPONSE_HEAD } from '../../../test/support/response-head.js';
import { readEventJson, type ResponseEvent } from './response-events.js';
import { ResponseEncoder } from './responses.encoder.js';

describe('the end of a response, and its fields beside the output', () => {
  it.each([
    ['length', 'max_output_tokens'],
    ['content_filter', 'content_filter'],
  ] as const)('is incomplete after %s, and so is the item that was cut', (finishReason, reason) => {
    const told = tell([
      content('a', 'whole'),
      nodeDone('a'),
      content('b', 'cu'),
      nodeDone('b', finishReason),
      content('c', 'whole'),
      nodeDone('c'),
      { type: 'run-finished', finishReason },
    ]);
    expect(told.response).toMatchObject({ status: 'incomplete', incomplete_details: { reason }, completed_at: null });
    expect(outline(told)).toEqual(['message completed: whole', 'message incomplete: cu', 'message completed: whole']);
    expect(told.events.at(-1)?.type).toBe('response.incomplete');
    // The result of a silent step: no client saw it being cut.
    expect(outline(tell([content('r', 'cu'), { type: 'run-finished', finishReason }]))).toEqual([
      'message incomplete: cu',
    ]);
  });

  it('fails with an error in both forms, and then whole', () => {
    const told = tell([content('a', 'Hal'), makeFailed({ node: 'a' })]);
    expect(told.events.slice(-2)).toMatchObject([
      {
        type: 'error',
        code: 'invalid_prompt',
        message: 'It broke.',
        param: null,
        error: { type: 'server_error', code: 'invalid_prompt', message: 'It broke.', param: null },
      },
      {
        type: 'response.failed',
        response: { status: 'failed', error: { code: 'invalid_prompt', message: 'It broke.' } },
      },
    ]);
    expect(outline(told)).toEqual(['message incomplete: Hal']);
  });

  it.each([
    ['an upstream that is down', makeFailed(), 'server_error'],
    ['a shutdown, whatever it has cost', makeFailed({ outcome: 'shutdown', usage: readUsage(9) }), 'server_error'],
    [
      'a full upstream',
      makeFailed({ error: { ...error, status: 429 }, outcome: 'upstream_rate_limited' }),
      'rate_limit_exceeded',
    ],
    ['a quota that is used up', makeFailed({ error: { ...error, status: 429, retryable: false } }), 'invalid_prompt'],
    ['a request that the upstream refuses', makeFailed({ error: { ...error, status: 400 } }), 'invalid_prompt'],
    ['tokens that were spent', makeFailed({ usage: readUsage(9) }), 'invalid_prompt'],
    ['tokens that no model reported', makeFailed({ unreportedTokens: 9 }), 'invalid_prompt'],
    [
      'a bug',
      makeFailed({ outcome: 'internal_error', error: { ...error, status: 500, retryable: false } }),
      'invalid_prompt',
    ],
    ['a timeout', makeFailed({ error: { ...error, status: 504 }, outcome: 'upstream_timeout' }), 'server_error'],
  ])('steers retries by its code: %s', (_title, event, code) => {
    expect(tell([event]).response.error?.code).toBe(code);
  });

  it('names parameters as this door does', () => {
    const event = makeFailed({ error: { ...error, status: 400, param: 'messages[3].content' } });
    expect(tell([event]).error).toMatchObject({ param: 'input', error: { param: 'input' } });
  });

  it('reports a cancelled run as an incomplete response', () => {
    const told = tell([content('a', 'Hal'), makeFailed({ outcome: 'cancelled', usage: readUsage(4) })]);
    expect(told.response).toMatchObject({
      status: 'cancelled',
      error: null,
      incomplete_details: null,
      usage: { total_tokens: 4 },
    });
    expect(outline(told)).toEqual(['message incomplete: Hal']);
  });

  it('is queued first if it continues in the background', () => {
    const told = tell([finished], { head: { background: true, store: true } });
    expect(told.events.map((event) => [event.type, 'response' in event && event.response.status])).toEqual([
      ['response.created', 'queued'],
      ['response.queued', 'queued'],
      ['response.in_progress', 'in_progress'],
      ['response.completed', 'completed'],
    ]);
  });

  it('names the tier that was used, if OpenAI has it', () => {
    const identify = (serviceTier: string): TimedEvent => ({
      type: 'model-identified',
      node: 'a',
      identity: { serviceTier },
    });
    expect(tell([identify('flex'), identify('priority'), finished]).response.service_tier).toBe('flex');
    expect(tell([identify('on_demand'), finished]).response.service_tier).toBe('default');
  });

  it('has the phases of the steps that the graph knows', () => {
    const phases = new Map([
      ['a', 'commentary'],
      ['b', 'final_answer'],
    ] as const);
    const told = tell([content('a', '1'), think('b', 'hm'), content('b', '2'), finished], { shape: { phases } });
    expect(told.response.output.map((item) => ('phase' in item ? item.phase : undefined))).toEqual([
      'commentary',
      undefined,
      'final_answer',
    ]);
  });

  describe('node events', () => {
    const shape = { nodeEvents: true };
    const startNode = (node: string): TimedEvent => ({
      type: 'node-started',
      node,
      kind: 'agent-streaming',
      visible: true,
    });

    it('come as an event that all clients know, with the text so far', () => {
      const told = tell([startNode('a'), content('a', 'Hi'), nodeDone('a'), finished], { shape });
      const news = told.events.flatMap((event) => ('millrace' in event && 'response' in event ? [event] : []));
      expect(news.map(({ type, millrace }) => [type, (millrace as { type: string }).type])).toEqual([
        ['response.in_progress', 'node-started'],
        ['response.in_progress', 'node-speaks'],
        ['response.in_progress', 'node-finished'],
        ['response.completed', 'run-finished'],
      ]);
      expect(told.response.output).toMatchObject([{ millrace: { node: 'a' } }]);
      const items = told.events.filter(({ type }) => type.startsWith('response.output_item'));
      expect(items).toMatchObject([{ millrace: { node: 'a' } }, { millrace: { node: 'a' } }]);
    });

    it('are bounded in number and size', () => {
      const progress = (node: string, message: string): TimedEvent => ({ type: 'node-progress', node, message });
      const many = Array.from({ length: 2_000 }, (_, i) => progress('a', `${i}`));
      expect(fold([...many, finished], { shape }).length).toBeLessThan(1_010);
      const large = Array.from({ length: 200 }, () => progress('a', 'x'));
      const long = fold([content('a', 'y'.repeat(100_000)), ...large, finished], { shape });
      expect(long.reduce((sum, { frame }) => sum + frame.length, 0)).toBeLessThan(10 * 1024 * 1024);
    });

    it('are sent only on request', () => {
      const told = tell([startNode('a'), content('a', 'Hi'), nodeDone('a'), finished]);
      expect(JSON.stringify(told.events)).not.toContain('millrace');
    });
  });

  describe('silence', () => {
    it('is interrupted once a minute by an event that some clients need, with the text so far', () => {
      const told = tell([content('a', 'Hi'), { ...nodeDone('b'), afterMs: 150_000 }, { ...finished, afterMs: 60_001 }]);
      const beats = told.events.filter(({ type }) => type === 'response.in_progress').slice(1);
      expect(beats).toHaveLength(3);
      expect(beats[0]).toMatchObject({ response: { output: [{ content: [{ text: 'Hi' }] }] } });
    });

    it('gives the same events, whether somebody waited for them or not', () => {
      const live = new ResponseEncoder(RESPONSE_HEAD);
      const events = [...live.open(), ...live.next({ ...started, seq: 0 }, CREATED_AT)];
      expect(live.nextBeatAt).toBe(CREATED_AT + 60_000);
      expect(live.beat(CREATED_AT + 59_999)).toEqual([]);
      events.push(...live.beat(CREATED_AT + 60_003), ...live.beat(CREATED_AT + 120_000));
      events.push(...live.next({ ...finished, seq: 1 }, CREATED_AT + 125_000));
      expect(live.nextBeatAt).toBeUndefined();
      const later = new ResponseEncoder(RESPONSE_HEAD);
      const replayed = [...later.open(), ...later.next({ ...started, seq: 0 }, CREATED_AT)];
      replayed.push(...later.next({ ...finished, seq: 1 }, CREATED_AT + 125_000));
      expect(replayed).toEqual(events);
    });
  });

  it('says in its last event that it was not kept, if it could not be', () => {
    const folded = new ResponseEncoder({ ...RESPONSE_HEAD, store: true });
    folded.open();
    folded.next({ ...started, seq: 0 }, CREATED_AT);
    const [last] = folded.next({ ...finished, seq: 1 }, CREATED_AT);
    const json = JSON.parse(readEventJson(last as ResponseEvent)) as object;
    expect(json).toMatchObject({ response: { store: true } });
    const told = folded.endUnstored(last as ResponseEvent);
    expect(told).toMatchObject({ type: 'response.completed', number: last?.number });
    expect(JSON.parse(readEventJson(told))).toEqual({ ...json, response: folded.response });
    expect(folded.response.store).toBe(false);
  });
});

function readUsage(total: number): { prompt_tokens: number; completion_tokens: number; total_tokens: number } {
  return { prompt_tokens: 0, completion_tokens: total, total_tokens: total };
}
