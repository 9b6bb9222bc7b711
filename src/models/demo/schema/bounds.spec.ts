import { describe, expect, it } from '@jest/globals';
import { findExcess, patternCost } from './bounds.js';

describe('patternCost', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['^\\d{4}-\\d{2}-\\d{2}$', 12],
    ['[a-z\\]]{2,8}', 8],
    ['(?:ab|cd){3}', 12],
    ['(?<year>\\d{4})?', 4],
    ['a*', 2],
    ['a{3,}', 4],
    ['((a{10}){10}){10}', 1_000],
    ['\\p{Script=Greek}{5}', 5],
    ['\\({3}[(]{3}', 6],
  ])('of %s is %i', (pattern, cost) => {
    expect(patternCost(pattern)).toBe(cost);
  });

  it('grows with each open repetition inside another', () => {
    expect(patternCost('('.repeat(20) + 'a' + ')*'.repeat(20))).toBe(2 ** 20);
  });
});

describe('findExcess', () => {
  it.each([
    [{ type: 'string', minLength: 1e9 }, 'its minLength is more than 10000'],
    [{ properties: { a: { items: { minItems: 1e9 } } } }, 'its minItems is more than 1000'],
    [{ anyOf: [{ minProperties: 1e9 }] }, 'its minProperties is more than 1000'],
    [{ pattern: 'a'.repeat(1_001) }, 'it has a pattern that is too long, or repeats too much'],
    [{ patternProperties: { 'a{100000}': {} } }, 'it has a pattern that is too long, or repeats too much'],
    [{ pattern: '\\p{L}'.repeat(11) }, 'it has a pattern that is too long, or repeats too much'],
    [{ pattern: '[a]'.repeat(61) }, 'it has a pattern that is too long, or repeats too much'],
    [{ enum: [], allOf: Array.from({ length: 100_001 }, () => ({})) }, 'it has more than 100000 parts'],
  ])('finds it in %j', (schema, excess) => {
    expect(findExcess(schema)).toBe(excess);
  });

  it.each([
    true,
    { type: 'string', minLength: 10_000, pattern: '^[a-z]{1,255}@[a-z]{1,255}\\.[a-z]{2,63}$' },
    { properties: { pattern: { type: 'string' }, minLength: { type: 'integer' } } },
    { const: { pattern: 'a'.repeat(2_000), minItems: 1e9 }, enum: Array.from({ length: 200_000 }, (_, i) => i) },
  ])('finds none in an ordinary schema', (schema) => {
    expect(findExcess(schema)).toBeUndefined();
  });
});
