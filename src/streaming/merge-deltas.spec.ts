import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Delta, TextDelta } from './delta.js';
import { mergeDeltas } from './merge-deltas.js';

const a = { token: 'a' };
const b = { token: 'b' };
const text = fc.record({
  type: fc.constantFrom<TextDelta['type']>('content', 'reasoning', 'refusal'),
  text: fc.string(),
});
const call = fc.record(
  {
    type: fc.constant<'tool-call'>('tool-call'),
    index: fc.integer({ min: 0, max: 2 }),
    id: fc.string(),
    name: fc.string(),
    arguments: fc.string(),
  },
  { requiredKeys: ['type', 'index', 'arguments'] },
);
const media = fc.oneof(
  fc.record({ type: fc.constant<'annotations'>('annotations'), annotations: fc.constant([{ a: 1 }]) }),
  fc.record({ type: fc.constant<'images'>('images'), images: fc.constant([{ b: 1 }]) }),
  fc.record({ type: fc.constant<'audio'>('audio'), data: fc.constantFrom('AA==', 'AAAA') }),
);
const delta: fc.Arbitrary<Delta> = fc.oneof(text, call, media);

/** Collects deltas like a client that concatenates them. */
function collectDeltas(deltas: readonly Delta[]): unknown {
  const texts: Record<string, string> = {};
  const add = (key: string, piece = ''): void => {
    texts[key] = (texts[key] ?? '') + piece;
  };
  for (const each of deltas) {
    if (each.type !== 'tool-call') add(each.type, 'text' in each ? each.text : JSON.stringify(each));
    else {
      add(`${each.index} id`, each.id);
      add(`${each.index} name`, each.name);
      add(`${each.index} arguments`, each.arguments);
    }
  }
  return texts;
}

describe('mergeDeltas', () => {
  it('changes nothing for a client that concatenates', () => {
    fc.assert(
      fc.property(delta, delta, (first, second) => {
        const merged = mergeDeltas(first, second);
        expect(collectDeltas(merged === undefined ? [first, second] : [merged])).toEqual(
          collectDeltas([first, second]),
        );
      }),
    );
  });

  it('merges text of one channel, and never of two', () => {
    fc.assert(
      fc.property(text, delta, (first, second) => {
        expect(mergeDeltas(first, second) !== undefined).toBe(first.type === second.type);
      }),
    );
  });

  it('merges the pieces of one tool call, and keeps its head', () => {
    const head: Delta = { type: 'tool-call', index: 1, id: 'call_1', kind: 'custom', name: 'sql', arguments: 'select' };
    expect(mergeDeltas(head, { type: 'tool-call', index: 1, kind: 'custom', arguments: ' 1' })).toEqual({
      ...head,
      arguments: 'select 1',
    });
  });

  it.each<[string, Delta]>([
    ['another index', { type: 'tool-call', index: 2, arguments: 'x' }],
    ['an id of its own', { type: 'tool-call', index: 1, id: 'call_2', arguments: 'x' }],
    ['a name of its own', { type: 'tool-call', index: 1, name: 'look', arguments: 'x' }],
    ['text', { type: 'content', text: 'x' }],
  ])('does not merge a tool call with a delta that has %s', (_, second) => {
    expect(mergeDeltas({ type: 'tool-call', index: 1, arguments: '{' }, second)).toBeUndefined();
  });

  it('keeps all log probabilities, and makes none up', () => {
    const content = (piece: string, ...logprobs: readonly object[]): Delta =>
      ({ type: 'content', text: piece, ...(logprobs.length > 0 && { logprobs }) }) as Delta;
    expect(mergeDeltas(content('x', a), content('y', b))).toEqual(content('xy', a, b));
    expect(mergeDeltas(content('x', a), content('y'))).toEqual(content('xy', a));
    expect(mergeDeltas(content('x'), content('y', b))).toEqual(content('xy', b));
    expect(mergeDeltas(content('x'), content('y'))).not.toHaveProperty('logprobs');
  });

  it('joins no more than one delta may hold', () => {
    const text = (length: number): Delta => ({ type: 'content', text: 'x'.repeat(length) });
    expect(mergeDeltas(text(16_000), text(384))).toBeDefined();
    expect(mergeDeltas(text(16_000), text(385))).toBeUndefined();
    const piece = (length: number): Delta => ({ type: 'tool-call', index: 0, arguments: 'x'.repeat(length) });
    expect(mergeDeltas(piece(16_000), piece(385))).toBeUndefined();
    const logprobs = (count: number): Delta => ({
      type: 'content',
      text: 'x',
      logprobs: Array.from({ length: count }, () => a),
    });
    expect(mergeDeltas(logprobs(63), logprobs(1))).toBeDefined();
    expect(mergeDeltas(logprobs(63), logprobs(2))).toBeUndefined();
  });

  it('leaves the deltas themselves as they were', () => {
    const first = Object.freeze<Delta>({ type: 'content', text: 'x', logprobs: Object.freeze([a]) });
    const second = Object.freeze<Delta>({ type: 'content', text: 'y', logprobs: Object.freeze([b]) });
    expect(mergeDeltas(first, second)).toEqual({ type: 'content', text: 'xy', logprobs: [a, b] });
  });
});
