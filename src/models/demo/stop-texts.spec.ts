import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { findStop } from './stop-texts.js';

describe('findStop', () => {
  it.each<[string, string[], number | undefined]>([
    ['one two', ['two'], 4],
    ['one two', ['three'], undefined],
    ['one two', [], undefined],
    ['one two', ['two', 'one'], 0],
    // "b" is complete before "abc" is.
    ['abc', ['abc', 'b'], 1],
    ['abc', ['c', 'bc'], 1],
  ])('in %p with %p is at %p', (text, stopTexts, at) => {
    expect(findStop(text, stopTexts)).toBe(at);
  });

  it('finds what a reader from left to right would notice first', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 }),
        fc.array(word, { maxLength: 3 }),
        (text, stopTexts) => {
          let noticed: number | undefined;
          for (let end = 1; end <= text.length && noticed === undefined; end++) {
            const complete = stopTexts.filter((stop) => text.slice(0, end).endsWith(stop));
            if (complete.length > 0) noticed = Math.min(...complete.map((stop) => end - stop.length));
          }
          expect(findStop(text, stopTexts)).toBe(noticed);
        },
      ),
    );
  });
});
