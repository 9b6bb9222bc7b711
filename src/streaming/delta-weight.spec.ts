import { describe, expect, it } from '@jest/globals';
import type { JsonValue } from '../kernel/index.js';
import { weighDelta } from './delta-weight.js';
import type { TokenLogprob } from './delta.js';

const PLENTY = 1024 * 1024 * 1024;
const top = (count: number): readonly TokenLogprob[] =>
  Array.from({ length: count }, (_, i) => ({ token: `t${i}`, logprob: -0.5, bytes: [116, 48] }));

describe('weighDelta', () => {
  it('counts text of every kind', () => {
    const text = 'x'.repeat(1_000);
    const light = weighDelta({ type: 'content', text: '' }, PLENTY);
    expect(weighDelta({ type: 'reasoning', text }, PLENTY)).toBe(light + 2_000);
    const call = { type: 'tool-call', index: 0, arguments: text, id: text, name: text } as const;
    expect(weighDelta(call, PLENTY)).toBeGreaterThan(6_000);
  });

  it('counts log probabilities with all their alternatives', () => {
    const entry = (count: number): TokenLogprob => ({ token: 't', logprob: -0.1, top_logprobs: top(count) });
    const few = weighDelta({ type: 'content', text: 't', logprobs: [entry(0)] }, PLENTY);
    const many = weighDelta({ type: 'content', text: 't', logprobs: [entry(20)] }, PLENTY);
    expect(many - few).toBeGreaterThan(20 * 100);
    expect(
      weighDelta({ type: 'content', text: 't', logprobs: [{ token: 'x'.repeat(1_000_000) }] }, PLENTY),
    ).toBeGreaterThan(2_000_000);
  });

  it('stops counting at the limit, however wide or deep log probabilities are', () => {
    const wide = Array.from({ length: 1_000_000 }, () => ({ token: 't' }));
    expect(weighDelta({ type: 'content', text: '', logprobs: wide }, 10_000)).toBeLessThan(11_000);
    let deep: JsonValue = {};
    for (let i = 0; i < 100_000; i++) deep = { deep };
    expect(weighDelta({ type: 'content', text: '', logprobs: [{ deep }] }, 10_000)).toBeGreaterThanOrEqual(9_000);
  });
});
