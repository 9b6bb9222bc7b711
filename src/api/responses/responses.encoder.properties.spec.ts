import { expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { CREATED_AT, RESPONSE_HEAD } from '../../../test/support/response-head.js';
import { assertResponseStream, readOutputText } from '../../../test/support/response-rules.js';
import type { UnnumberedEvent } from '../../engine/run-event.js';
import type { Delta } from '../../streaming/index.js';
import { joinFrames, readEventJson, type ResponseEvent } from './response-events.js';
import { ResponseEncoder } from './responses.encoder.js';

interface Timed {
  readonly event: UnnumberedEvent;
  readonly afterMs: number;
}

const text = fc.string({ minLength: 1, maxLength: 4, unit: 'grapheme' });
const channel = fc.constantFrom('content' as const, 'reasoning' as const, 'refusal' as const);
/** A piece of one of two calls of the step; the first piece of each gets its head below. Never a whole object. */
const piece = fc.record({ call: fc.nat(1), piece: fc.constantFrom('', '{"a":', '"b"', ',', '😀') });
const said = fc.array(fc.oneof(fc.record({ channel, text }), piece), { maxLength: 8 });
const steps = fc.array(fc.record({ said, isEarly: fc.boolean(), finish: fc.constantFrom('stop', 'length') }), {
  maxLength: 5,
});
const gap = fc.oneof({ weight: 9, arbitrary: fc.nat(20) }, { weight: 1, arbitrary: fc.nat(200_000) });
const ending = fc.constantFrom<UnnumberedEvent>(
  { type: 'run-finished', finishReason: 'stop' },
  { type: 'run-finished', finishReason: 'length' },
  {
    type: 'run-finished',
    finishReason: 'tool_calls',
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
  },
  {
    type: 'run-failed',
    error: { status: 502, code: null, type: 'server_error', message: 'It broke.', param: null },
    outcome: 'upstream_error',
  },
  {
    type: 'run-failed',
    error: { status: 409, code: 'cancelled', type: 'server_error', message: 'Cancelled.', param: null },
    outcome: 'cancelled',
  },
);

/** The steps speak one after the other; each is reported as finished after its last word, or before its first. */
const run = fc.record({ steps, ending, gaps: fc.infiniteStream(gap) }).map(({ steps: all, ending: last, gaps }) => {
  const events = all.flatMap(({ said: deltas, isEarly, finish }, index) => {
    const node = `step${index}`;
    const done = {
      type: 'node-finished',
      node,
      visible: true,
      elapsedMs: 1,
      ...(finish === 'length' && { finishReason: 'length' }),
    } as UnnumberedEvent;
    const begun = new Set<number>();
    const told = deltas.map((delta): UnnumberedEvent => {
      if ('channel' in delta) return { type: 'delta', node, delta: { type: delta.channel, text: delta.text } };
      const number = index * 2 + delta.call;
      const head = begun.has(number) ? {} : { id: `call_${number}`, name: `f${number}` };
      begun.add(number);
      return { type: 'delta', node, delta: { type: 'tool-call', index: number, arguments: delta.piece, ...head } };
    });
    return isEarly ? [done, ...told] : [...told, done];
  });
  // The run has the worst reason of its steps.
  const isCut = all.some(({ finish }) => finish === 'length');
  const end = isCut && last.type === 'run-finished' ? { ...last, finishReason: 'length' as const } : last;
  return [{ type: 'run-started' } as UnnumberedEvent, ...events, end].map((event): Timed => ({
    event,
    afterMs: gaps.next().value as number,
  }));
});

/** The events that show life, each when it is due. */
function beatUntil(folded: ResponseEncoder, end: number): readonly ResponseEvent[] {
  const told: ResponseEvent[] = [];
  for (let due = folded.nextBeatAt; due !== undefined && due <= end; due = folded.nextBeatAt) {
    told.push(...folded.beat(due));
  }
  return told;
}

function fold(events: readonly Timed[], isWaiting: boolean, nodeEvents: boolean): readonly string[] {
  const folded = new ResponseEncoder(RESPONSE_HEAD, { nodeEvents });
  let at = CREATED_AT;
  const told = [...folded.open()];
  for (const [seq, { event, afterMs }] of events.entries()) {
    const next = at + afterMs;
    if (isWaiting) told.push(...beatUntil(folded, next));
    at = next;
    told.push(...folded.next({ ...event, seq }, at));
  }
  return told.map(readEventJson);
}

/** The data of the events, as a stream has them. */
function encode(events: readonly Timed[], nodeEvents: boolean): readonly string[] {
  const folded = new ResponseEncoder(RESPONSE_HEAD, { nodeEvents });
  let at = CREATED_AT;
  let frames = joinFrames(folded.open());
  for (const [seq, { event, afterMs }] of events.entries()) {
    at += afterMs;
    frames += folded.encode({ ...event, seq }, at);
  }
  // Not by `^` and `$` of a pattern: to those U+2028 is the end of a line, to an event stream it is a character.
  return frames.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice('data: '.length)] : []));
}

function join(events: readonly Timed[], pick: (delta: Delta) => string | undefined): string {
  return events.map(({ event }) => (event.type === 'delta' && pick(event.delta)) || '').join('');
}

it('encodes any run by the rules of the protocol, loses nothing, and gives the same events each time', () => {
  fc.assert(
    fc.property(run, fc.boolean(), (events, nodeEvents) => {
      const json = fold(events, true, nodeEvents);
      expect(fold(events, false, nodeEvents)).toEqual(json);
      expect(encode(events, nodeEvents)).toEqual(json);
      const told = assertResponseStream(json.map((event) => JSON.parse(event) as unknown));
      const content = join(events, (delta) => (delta.type === 'content' ? delta.text : undefined));
      expect([told.text, readOutputText(told.response), told.reasoning, told.refusal]).toEqual([
        content,
        content,
        join(events, (delta) => (delta.type === 'reasoning' ? delta.text : undefined)),
        join(events, (delta) => (delta.type === 'refusal' ? delta.text : undefined)),
      ]);
      for (const item of told.response.output) {
        if (item.type !== 'function_call') continue;
        const given = join(events, (delta) =>
          delta.type === 'tool-call' && `f${delta.index}` === item.name ? delta.arguments : undefined,
        );
        expect(item.arguments).toBe(given === '' && item.status === 'completed' ? '{}' : given);
      }
      const calls = new Set(
        events.flatMap(({ event }) =>
          event.type === 'delta' && event.delta.type === 'tool-call' ? [event.delta.index] : [],
        ),
      );
      expect(told.response.output.filter(({ type }) => type === 'function_call')).toHaveLength(calls.size);
    }),
    { numRuns: 200 },
  );
});
