import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countValues, findExcess, hasMoreValues } from './json-limits.js';

/** The number of values that the text should count as. */
function countExpected(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  const inner: unknown[] = Object.values(value);
  return 1 + (inner.length === 0 ? 1 : inner.reduce<number>((sum, each) => sum + countExpected(each), 0));
}

describe('hasMoreValues', () => {
  it('counts the values of any JSON, but not what is in strings', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, text) => {
        const json = { value, text, nested: JSON.stringify({ value, text }) };
        const count = countExpected(json);
        expect(hasMoreValues(JSON.stringify(json), count - 1)).toBe(true);
        expect(hasMoreValues(JSON.stringify(json), count)).toBe(false);
        expect(countValues(JSON.stringify(json))).toBe(count);
      }),
    );
  });

  it.each([
    ['[[]]', 2],
    ['{"a":{"b":[1]}}', 3],
    ['[[],[],{},[[]]]', 3],
    ['["[[[[[[", "{\\"{"]', 1],
  ])('findExcess counts the levels of %s', (json, depth) => {
    expect(findExcess(json, { values: 100, depth })).toBeUndefined();
    expect(findExcess(json, { values: 100, depth: depth - 1 })).toBe('depth');
    expect(findExcess(json, { values: 0, depth })).toBe('values');
  });

  it('comes to an end on any text that is not JSON', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof hasMoreValues(`{"${text}`, 10) === 'boolean'));
  });
});
