import { describe, expect, it } from '@jest/globals';
import { capitalised, clip, counted, listing, quote } from './quotation.js';

describe('clip', () => {
  it('cuts no character in two', () => {
    expect(clip('a🦖b', 2)).toBe('a');
    expect(clip('a🦖b', 3)).toBe('a🦖');
    expect(clip('abc', 3)).toBe('abc');
  });
});

describe('quote', () => {
  it.each([
    ['It is sunny.', '“It is sunny”'],
    ['Wait...', '“Wait...”'],
    ['  a\n b ', '“a b”'],
    ['say “x”', '“say ‘x’”'],
    ['one two three four', '“one two …”'],
    ['abcdefghijklmnop', '“abcdefghij …”'],
  ])('%p becomes %p', (text, quoted) => {
    expect(quote(text, 10 + (text.length < 16 ? 10 : 0))).toBe(quoted);
  });
});

describe('words', () => {
  it('lists, counts and capitalises', () => {
    expect([listing([]), listing(['a']), listing(['a', 'b']), listing(['a', 'b', 'c'])]).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
    ]);
    expect([counted(1, 'item'), counted(0, 'item')]).toEqual(['1 item', '0 items']);
    expect([capitalised('über'), capitalised('𐐨a'), capitalised('')]).toEqual(['Über', '𐐀a', '']);
  });
});
