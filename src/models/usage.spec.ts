import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { addUsage, subtractUsage, type Usage } from './usage.js';

const details = fc.dictionary(
  fc.constantFrom('cached_tokens', 'reasoning_tokens', 'constructor', '__proto__', 'audio_tokens'),
  fc.nat(1_000),
);
const usage: fc.Arbitrary<Usage> = fc.record(
  {
    prompt_tokens: fc.nat(),
    completion_tokens: fc.nat(),
    total_tokens: fc.nat(),
    prompt_tokens_details: details,
    completion_tokens_details: details,
  },
  { requiredKeys: ['prompt_tokens', 'completion_tokens', 'total_tokens'] },
);

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe('addUsage', () => {
  it('adds every count and every detail of all calls', () => {
    fc.assert(
      fc.property(fc.array(usage, { minLength: 1, maxLength: 5 }), (calls) => {
        const total = calls.reduce<Usage | undefined>(addUsage, undefined);
        for (const key of ['prompt_tokens', 'completion_tokens', 'total_tokens'] as const) {
          expect(total?.[key]).toBe(sum(calls.map((call) => call[key])));
        }
        for (const key of ['prompt_tokens_details', 'completion_tokens_details'] as const) {
          const parts = calls.flatMap((call) => Object.entries(call[key] ?? {}));
          const names = [...new Set(parts.map(([name]) => name))];
          const expected = names.map((name) => [
            name,
            sum(parts.filter((part) => part[0] === name).map((part) => part[1])),
          ]);
          expect(Object.entries(total?.[key] ?? {})).toEqual(expected);
        }
      }),
    );
  });

  it('has details only if a call had some', () => {
    const counts = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    expect(addUsage(counts, counts)).toEqual({ prompt_tokens: 2, completion_tokens: 4, total_tokens: 6 });
    expect(addUsage(counts, { ...counts, prompt_tokens_details: { cached_tokens: 1 } })).toEqual({
      prompt_tokens: 2,
      completion_tokens: 4,
      total_tokens: 6,
      prompt_tokens_details: { cached_tokens: 1 },
    });
  });

  it('changes neither of the two', () => {
    const freeze = (): Usage =>
      Object.freeze({
        prompt_tokens: 1,
        completion_tokens: 1,
        total_tokens: 2,
        prompt_tokens_details: Object.freeze({ cached_tokens: 1 }),
      });
    expect(addUsage(freeze(), freeze()).prompt_tokens_details).toEqual({ cached_tokens: 2 });
  });
});

const pickCounts = ({ prompt_tokens, completion_tokens, total_tokens }: Usage): object => ({
  prompt_tokens,
  completion_tokens,
  total_tokens,
});

describe('subtractUsage', () => {
  it('gives what was used beyond what is known, and nothing for nothing', () => {
    fc.assert(
      fc.property(usage, usage, (before, later) => {
        const rest = subtractUsage(addUsage(before, later), before);
        const hasUsed = later.total_tokens > 0 || later.prompt_tokens > 0 || later.completion_tokens > 0;
        expect(rest && pickCounts(rest)).toEqual(hasUsed ? pickCounts(later) : undefined);
        expect(subtractUsage(later, undefined)).toBe(later);
      }),
    );
  });
});
