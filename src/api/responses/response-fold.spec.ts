import { describe, expect, it } from '@jest/globals';
import { CREATED_AT, RESPONSE_HEAD } from '../../../test/support/response-head.js';
import { assertResponseStream, readOutputText, type ToldResponse } from '../../../test/support/response-rules.js';
import type { RunEvent, UnnumberedEvent } from '../../engine/run-event.js';
import type { FinishReason } from '../../models/index.js';
import type { Delta } from '../../streaming/index.js';
import type { ResponseHead } from './decoded-request.js';
import { readEventJson, type ResponseEvent } from './response-events.js';
import { ResponseFold, type ResponseShape } from './response-fold.js';

/** A run event, and how many milliseconds after the one before it comes. */
type Timed = UnnumberedEvent & { readonly afterMs?: number };

const started: Timed = { type: 'run-started' };
const finished: Timed = { type: 'run-finished', finishReason: 'stop' };
const say = (node: string, delta: Delta): Timed => ({ type: 'delta', node, delta });
const content = (node: string, text: string): Timed => say(node, { type: 'content', text });
const think = (node: string, text: string): Timed => say(node, { type: 'reasoning', text });
const refuse = (node: string, text: string): Timed => say(node, { type: 'refusal', text });
const call = (node: string, index: number, piece: string, head: { id?: string; name?: string; kind?: 'custom' } = {}) =>
  say(node, { type: 'tool-call', index, arguments: piece, ...head });
const done = (node: string, finishReason: FinishReason = 'stop'): Timed => ({
  type: 'node-finished',
  node,
  visible: true,
  elapsedMs: 5,
  finishReason,
});
const error = { status: 502, code: 'upstream_error', type: 'server_error', message: 'It broke.', param: null } as const;
const failed = (fields: Partial<Extract<RunEvent, { type: 'run-failed' }>> = {}): Timed => ({
  type: 'run-failed',
  error,
  outcome: 'upstream_error',
  ...fields,
});

/** The events of a response whose run goes as it is told. */
function fold(
  events: readonly Timed[],
  { head, shape }: { head?: Partial<ResponseHead>; shape?: ResponseShape } = {},
): readonly ResponseEvent[] {
  const folded = new ResponseFold({ ...RESPONSE_HEAD, ...head }, shape);
  let at = CREATED_AT;
  return [
    ...folded.open(),
    ...[started, ...events].flatMap(({ afterMs = 1, ...event }, seq) =>
      folded.next({ ...event, seq }, (at += afterMs)),
    ),
  ];
}

function tell(events: readonly Timed[], options: Parameters<typeof fold>[1] = {}): ToldResponse {
  return assertResponseStream(fold(events, options).map((event) => JSON.parse(readEventJson(event)) as unknown));
}

/** Types of the items, with what each has said. */
function outline({ response }: ToldResponse): readonly string[] {
  return response.output.map((item) => {
    switch (item.type) {
      case 'message':
        return `message ${item.status}: ${item.content.map((part) => ('text' in part ? part.text : `!${part.refusal}`)).join('|')}`;
      case 'reasoning':
        return `reasoning ${item.status}: ${item.summary.map(({ text }) => text).join('|')}`;
      case 'function_call':
        return `call ${item.status}: ${item.name}(${item.arguments})`;
      case 'custom_tool_call':
        return `custom ${(item as { status?: string }).status}: ${item.name}(${item.input})`;
      default:
        return item.type;
    }
  });
}

describe('ResponseFold', () => {
  it('tells a text in the order on which clients rely', () => {
    const told = tell([content('chat', 'Hel'), content('chat', 'lo'), done('chat'), finished]);
    expect(told.events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(told.response).toMatchObject({ status: 'completed', completed_at: CREATED_AT / 1_000, error: null });
    expect(readOutputText(told.response)).toBe('Hello');
    expect(told.response.output[0]?.id).toMatch(/^msg_[0-9a-f]{48}$/);
  });

  it('has an item for each step that speaks, with what sets it off as the run gave it', () => {
    const told = tell([
      content('draft', 'One'),
      done('draft'),
      content('reply', '\n\nTwo'),
      done('reply'),
      done('empty'),
      finished,
    ]);
    expect(outline(told)).toEqual(['message completed: One', 'message completed: \n\nTwo']);
    expect(new Set(told.response.output.map(({ id }) => id)).size).toBe(2);
    expect(told.response.output.every((item) => !('millrace' in item) && !('phase' in item))).toBe(true);
  });

  it('closes a message when its step is done, before the next one speaks', () => {
    const events = fold([content('draft', 'One'), done('draft')]);
    expect(events.at(-1)?.type).toBe('response.output_item.done');
  });

  it('keeps open what a step says that was done before its turn came', () => {
    const told = tell([content('a', '1'), done('b'), done('a'), content('b', '2'), content('b', '3'), finished]);
    expect(outline(told)).toEqual(['message completed: 1', 'message completed: 23']);
  });

  it('never opens an item again: reasoning, text, reasoning and text are four', () => {
    const told = tell([think('a', 'hm'), content('a', 'A'), think('a', 'so'), content('a', 'B'), done('a'), finished]);
    expect(outline(told)).toEqual([
      'reasoning completed: hm',
      'message completed: A',
      'reasoning completed: so',
      'message completed: B',
    ]);
    expect(told.reasoning).toBe('hmso');
  });

  it('puts a refusal into the message of its step, as a part of its own', () => {
    const told = tell([content('a', 'Well, '), refuse('a', 'no'), refuse('a', '!'), done('a'), finished]);
    expect(outline(told)).toEqual(['message completed: Well, |!no!']);
    expect(outline(tell([refuse('a', 'No.'), finished]))).toEqual(['message completed: !No.']);
  });

  describe('tool calls', () => {
    it('are an item each, also where their pieces come in turns', () => {
      const told = tell([
        content('a', 'Let me see.'),
        call('a', 0, '{"x"', { id: 'call_a', name: 'f' }),
        call('a', 1, '{"y"', { id: 'call_b', name: 'g' }),
        call('a', 0, ':1}'),
        call('a', 1, ':2}'),
        done('a', 'tool_calls'),
        { ...finished, finishReason: 'tool_calls' },
      ]);
      expect(outline(told)).toEqual([
        'message completed: Let me see.',
        'call completed: f({"x":1})',
        'call completed: g({"y":2})',
      ]);
      expect(told.response.status).toBe('completed');
      expect(told.response.output.slice(1)).toMatchObject([{ call_id: 'call_a' }, { call_id: 'call_b' }]);
      expect(told.response.output[1]?.id).toMatch(/^fc_[0-9a-f]{48}$/);
    });

    it('have an object for arguments even where the model gave none', () => {
      const told = tell([call('a', 0, '', { id: 'call_a', name: 'f' }), done('a', 'tool_calls'), finished]);
      expect(outline(told)).toEqual(['call completed: f({})']);
      expect(told.events.map(({ type }) => type).slice(3, 5)).toEqual([
        'response.function_call_arguments.delta',
        'response.function_call_arguments.done',
      ]);
    });

    it('of custom tools have an input', () => {
      const told = tell([
        call('a', 0, 'select', { id: 'call_a', name: 'sql', kind: 'custom' }),
        call('a', 0, ' 1', { kind: 'custom' }),
        finished,
      ]);
      expect(outline(told)).toEqual(['custom completed: sql(select 1)']);
      expect(told.response.output[0]?.id).toMatch(/^ctc_/);
    });

    it('wait for their name', () => {
      const told = tell([call('a', 0, '{"x"', { id: 'call_a' }), call('a', 0, ':1}', { name: 'f' }), finished]);
      expect(outline(told)).toEqual(['call completed: f({"x":1})']);
      expect(outline(tell([call('a', 0, '{}', { id: 'call_a' }), done('a'), finished]))).toEqual([
        'call completed: ({})',
      ]);
    });

    it('have ids that clients take, however long the upstream made them', () => {
      const told = tell([call('a', 0, '{}', { id: 'x'.repeat(65), name: 'f' }), finished]);
      expect(told.response.output[0]).toMatchObject({ call_id: expect.stringMatching(/^call_[0-9a-f]{48}$/) });
    });

    it('that are whole are closed before text follows, and lose nothing if they are not', () => {
      const whole = tell([call('a', 0, '{}', { id: 'call_a', name: 'f' }), content('a', 'Done.'), finished]);
      expect(outline(whole)).toEqual(['call completed: f({})', 'message completed: Done.']);
      const parted = tell([
        call('a', 0, '{"x"', { id: 'call_a', name: 'f' }),
        content('a', 'Hm.'),
        call('a', 0, ':1}'),
        finished,
      ]);
      expect(outline(parted)).toEqual(['call completed: f({"x":1})', 'message completed: Hm.']);
    });
  });

  it('moves citations into their text, in the form of this protocol and counted from its beginning', () => {
    const cite = (start_index: number, end_index: number, url = 'https://a.example/'): Timed =>
      say('b', {
        type: 'annotations',
        annotations: [{ type: 'url_citation', url_citation: { url, title: 'A', start_index, end_index } }],
      });
    const told = tell([
      content('a', 'Hi 😀'),
      cite(6, 9),
      content('b', '\n\nTwo words'),
      cite(10, 15, 'https://b.example/'),
      say('b', { type: 'annotations', annotations: [{ type: 'unheard_of' }, { type: 'url_citation' }] }),
      finished,
    ]);
    const text = told.response.output[1];
    const annotations = [
      { type: 'url_citation', start_index: 2, end_index: 5, url: 'https://a.example/', title: 'A' },
      { type: 'url_citation', start_index: 6, end_index: 11, url: 'https://b.example/', title: 'A' },
    ];
    expect(text).toMatchObject({ content: [{ text: '\n\nTwo words' }] });
    const found = (text as { content: { annotations: unknown[] }[] }).content[0]?.annotations;
    expect(found).toHaveLength(2);
    expect(found).toEqual(expect.arrayContaining(annotations));
  });

  it('leaves images and sound out, of which clients know no form', () => {
    const told = tell([
      say('a', { type: 'images', images: [{ type: 'image_url', image_url: { url: 'data:,' } }] }),
      say('a', { type: 'audio', data: 'AAAA', transcript: 'Hi' }),
      finished,
    ]);
    expect(told.response.output).toEqual([]);
  });

  it('passes log probabilities on, with every field that clients need', () => {
    const logprobs = [{ token: 'H', logprob: -0.5, bytes: null, top_logprobs: [{ token: 'J', logprob: -2 }] }];
    const told = tell([say('a', { type: 'content', text: 'H', logprobs }), finished]);
    const given = {
      token: 'H',
      logprob: -0.5,
      bytes: [72],
      top_logprobs: [{ token: 'J', logprob: -2, bytes: [74] }],
    };
    expect(told.events).toContainEqual(
      expect.objectContaining({ type: 'response.output_text.delta', logprobs: [given] }),
    );
    expect(told.response.output).toMatchObject([{ content: [{ logprobs: [given] }] }]);
  });

  it('sums up the usage with all of its numbers, whether or not the upstreams told them', () => {
    const usage = {
      prompt_tokens: 11,
      completion_tokens: 5,
      total_tokens: 16,
      prompt_tokens_details: { cached_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 2, audio_tokens: 1 },
    };
    expect(tell([{ ...finished, usage }]).response.usage).toEqual({
      input_tokens: 11,
      input_tokens_details: { cached_tokens: 3, cache_write_tokens: 0 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 2 },
      total_tokens: 16,
    });
    expect(tell([finished]).response.usage).toMatchObject({ total_tokens: 0 });
  });

  it.each([
    ['length', 'max_output_tokens'],
    ['content_filter', 'content_filter'],
  ] as const)('is incomplete after %s, and so is the item that was cut', (finishReason, reason) => {
    const told = tell([
      content('a', 'whole'),
      done('a'),
      content('b', 'cu'),
      done('b', finishReason),
      content('c', 'whole'),
      done('c'),
      { type: 'run-finished', finishReason },
    ]);
    expect(told.response).toMatchObject({ status: 'incomplete', incomplete_details: { reason }, completed_at: null });
    expect(outline(told)).toEqual(['message completed: whole', 'message incomplete: cu', 'message completed: whole']);
    expect(told.events.at(-1)?.type).toBe('response.incomplete');
    // The result of a silent step: nobody saw it being cut.
    expect(outline(tell([content('r', 'cu'), { type: 'run-finished', finishReason }]))).toEqual([
      'message incomplete: cu',
    ]);
  });

  it('fails with an error in both forms, and then whole', () => {
    const told = tell([content('a', 'Hal'), failed({ node: 'a' })]);
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
    ['an upstream that is down', failed(), 'server_error'],
    ['a shutdown, whatever it has cost', failed({ outcome: 'shutdown', usage: usageOf(9) }), 'server_error'],
    [
      'a full upstream',
      failed({ error: { ...error, status: 429 }, outcome: 'upstream_rate_limited' }),
      'rate_limit_exceeded',
    ],
    ['a quota that is used up', failed({ error: { ...error, status: 429, retryable: false } }), 'invalid_prompt'],
    ['a request that the upstream refuses', failed({ error: { ...error, status: 400 } }), 'invalid_prompt'],
    ['tokens that were spent', failed({ usage: usageOf(9) }), 'invalid_prompt'],
    ['tokens that nobody told', failed({ untoldTokens: 9 }), 'invalid_prompt'],
    [
      'a bug',
      failed({ outcome: 'internal_error', error: { ...error, status: 500, retryable: false } }),
      'invalid_prompt',
    ],
    ['a timeout', failed({ error: { ...error, status: 504 }, outcome: 'upstream_timeout' }), 'server_error'],
  ])('steers retries by its code: %s', (_title, event, code) => {
    expect(tell([event]).response.error?.code).toBe(code);
  });

  it('names parameters as this door does', () => {
    const event = failed({ error: { ...error, status: 400, param: 'messages[3].content' } });
    expect(tell([event]).error).toMatchObject({ param: 'input', error: { param: 'input' } });
  });

  it('was cancelled: as an incomplete one, which all clients know', () => {
    const told = tell([content('a', 'Hal'), failed({ outcome: 'cancelled', usage: usageOf(4) })]);
    expect(told.response).toMatchObject({
      status: 'cancelled',
      error: null,
      incomplete_details: null,
      usage: { total_tokens: 4 },
    });
    expect(outline(told)).toEqual(['message incomplete: Hal']);
  });

  it('is queued first if it goes on in the background', () => {
    const told = tell([finished], { head: { background: true, store: true } });
    expect(told.events.map((event) => [event.type, 'response' in event && event.response.status])).toEqual([
      ['response.created', 'queued'],
      ['response.queued', 'queued'],
      ['response.in_progress', 'in_progress'],
      ['response.completed', 'completed'],
    ]);
  });

  it('names the tier that was used, if OpenAI has it', () => {
    const identified = (serviceTier: string): Timed => ({
      type: 'model-identified',
      node: 'a',
      identity: { serviceTier },
    });
    expect(tell([identified('flex'), identified('priority'), finished]).response.service_tier).toBe('flex');
    expect(tell([identified('on_demand'), finished]).response.service_tier).toBe('default');
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
    const startedNode = (node: string): Timed => ({
      type: 'node-started',
      node,
      kind: 'agent-streaming',
      visible: true,
    });

    it('come as what all clients know, with what was said so far', () => {
      const told = tell([startedNode('a'), content('a', 'Hi'), done('a'), finished], { shape });
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
      const progress = (node: string, message: string): Timed => ({ type: 'node-progress', node, message });
      const many = Array.from({ length: 2_000 }, (_, i) => progress('a', `${i}`));
      expect(fold([...many, finished], { shape }).length).toBeLessThan(1_010);
      const large = Array.from({ length: 200 }, () => progress('a', 'x'));
      const long = fold([content('a', 'y'.repeat(100_000)), ...large, finished], { shape });
      expect(long.reduce((sum, { frame }) => sum + frame.length, 0)).toBeLessThan(10 * 1024 * 1024);
    });

    it('are for those who ask', () => {
      const told = tell([startedNode('a'), content('a', 'Hi'), done('a'), finished]);
      expect(JSON.stringify(told.events)).not.toContain('millrace');
    });
  });

  describe('silence', () => {
    it('is broken once a minute by an event that some clients need, with what was said so far', () => {
      const told = tell([content('a', 'Hi'), { ...done('b'), afterMs: 150_000 }, { ...finished, afterMs: 60_001 }]);
      const beats = told.events.filter(({ type }) => type === 'response.in_progress').slice(1);
      expect(beats).toHaveLength(3);
      expect(beats[0]).toMatchObject({ response: { output: [{ content: [{ text: 'Hi' }] }] } });
    });

    it('gives the same events, whether somebody waited for them or not', () => {
      const live = new ResponseFold(RESPONSE_HEAD);
      const events = [...live.open(), ...live.next({ ...started, seq: 0 }, CREATED_AT)];
      expect(live.nextBeatAt).toBe(CREATED_AT + 60_000);
      expect(live.beat(CREATED_AT + 59_999)).toEqual([]);
      events.push(...live.beat(CREATED_AT + 60_003), ...live.beat(CREATED_AT + 120_000));
      events.push(...live.next({ ...finished, seq: 1 }, CREATED_AT + 125_000));
      expect(live.nextBeatAt).toBeUndefined();
      const later = new ResponseFold(RESPONSE_HEAD);
      const replayed = [...later.open(), ...later.next({ ...started, seq: 0 }, CREATED_AT)];
      replayed.push(...later.next({ ...finished, seq: 1 }, CREATED_AT + 125_000));
      expect(replayed).toEqual(events);
    });
  });

  it('says in its last event that it was not kept, if it could not be', () => {
    const folded = new ResponseFold({ ...RESPONSE_HEAD, store: true });
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

function usageOf(total: number): { prompt_tokens: number; completion_tokens: number; total_tokens: number } {
  return { prompt_tokens: 0, completion_tokens: total, total_tokens: total };
}
