import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { jsonFaultPosition } from './json-fault-position.js';

describe('jsonFaultPosition', () => {
  it.each([
    ['', 0],
    ['  ', 2],
    ['Hello', 0],
    ['Here is the answer: {"a": 1}', 0],
    ['```json\n{}\n```', 0],
    ['{"a": foo}', 6],
    ['{"a": 1,}', 8],
    ['{"a" 1}', 5],
    ["{'a': 1}", 1],
    ['{a: 1}', 1],
    ['{"a": 01}', 6],
    ['{"a": 1.}', 6],
    ['{"a": +1}', 6],
    ['{"a": NaN}', 6],
    ['[1, 2', 5],
    ['[1, ]', 4],
    ['[1}', 2],
    ['{"a": [1, 2}', 11],
    [']', 0],
    ['{"a": "x" "b": 2}', 10],
    ['{} {}', 3],
    ['{"a": 1} and more', 9],
    ['{"a": "line\nbreak"}', 6],
    ['{"a": "\\x"}', 6],
    ['{"a": "cut o', 12],
    ['{"a": "cut \\', 12],
    ['{"a": "cut \\u12', 15],
    ['{"a": "\\u12"}', 6],
    ['{"a": "\\u12g4"}', 6],
    ['{"a": tru', 9],
    ['{"a": -', 7],
    ['{"a": 1.5e', 10],
    ['{"a": 1e', 8],
    ['{"a": -0e+', 10],
    ['{"a": 1.e', 6],
    ['{"a": truth', 6],
  ])('finds the fault in %j at %i', (text, position) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    expect(jsonFaultPosition(text)).toBe(position);
  });

  it('gives the length for JSON that was cut off anywhere', () => {
    fc.assert(
      fc.property(fc.object(), fc.nat(), (value, at) => {
        const text = JSON.stringify(value);
        const cut = text.slice(0, at % text.length);
        expect(jsonFaultPosition(cut)).toBe(cut.length);
      }),
    );
  });

  it('points at or before a character that JSON has nowhere, and never past it', () => {
    fc.assert(
      fc.property(fc.object(), fc.nat(), (value, at) => {
        const text = JSON.stringify(value, undefined, 1);
        const index = at % text.length;
        const position = jsonFaultPosition(`${text.slice(0, index)}\u0001${text.slice(index)}`);
        expect(position).toBeLessThanOrEqual(index);
        // Nothing but one token lies between: what stands before the position was whole.
        expect(jsonFaultPosition(text.slice(0, position))).toBe(position);
      }),
    );
  });

  it('takes long texts and long strings', () => {
    const words = `{"a": [${'"word", '.repeat(200_000)}`;
    expect(jsonFaultPosition(words)).toBe(words.length);
    expect(jsonFaultPosition(`["${'word '.repeat(5_000_000)}`)).toBe(25_000_002);
    expect(jsonFaultPosition(`["${'word '.repeat(5_000_000)}\n"]`)).toBe(1);
  });
});
