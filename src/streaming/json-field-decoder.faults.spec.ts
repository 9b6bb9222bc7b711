import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { JsonFieldDecoder, MalformedJsonError } from './json-field-decoder.js';

const SECRET = 'xyzzy';

function decode(...pieces: readonly string[]): { text: string; fault: MalformedJsonError | undefined } {
  const decoder = new JsonFieldDecoder({ a: 'content', b: 'content' });
  const text = pieces
    .flatMap((piece) => decoder.push(piece))
    .map((delta) => delta.text)
    .join('');
  return { text, fault: decoder.fault };
}

describe('JsonFieldDecoder on text that is no JSON object', () => {
  // The position is that of the first character with which the text cannot be a JSON object.
  it.each([
    ['prose', `Sure! ${SECRET}`, 0, ''],
    ['a fence', '```json\n{"a":"x"}', 0, ''],
    ['an array', '["a"]', 0, ''],
    ['a string', '"a"', 0, ''],
    ['a key without quotes', '{a:1}', 1, ''],
    ['a number as a key', '{1:1}', 1, ''],
    ['no colon', '{"a" "x"}', 5, ''],
    ['no comma', '{"a":"x" "b":"y"}', 9, 'x'],
    ['two objects', '{"a":"x"}{"b":"y"}', 9, 'x'],
    ['text behind the object', `{"a":"x"} ${SECRET}`, 10, 'x'],
    ['a raw line break in a string', '{"a":"one\ntwo"}', 9, 'one'],
    ['a raw NUL in a key', '{"a\0":"x"}', 3, ''],
    ['an unknown escape', '{"a":"one\\q"}', 10, 'one'],
    ['an escape that names a method', '{"a":"one\\constructor"}', 10, 'one'],
    ['a unicode escape with other digits', '{"a":"one\\u12g4"}', 14, 'one'],
    ['a bracket that was never opened', '{"a":1],"b":"x"}', 6, '1'],
    ['a bracket as a value', '{"a":],"b":"x"}', 5, ''],
  ])('finds %s, after the text before it', (_, json, position, before) => {
    const whole = decode(json);
    expect(whole.fault).toBeInstanceOf(MalformedJsonError);
    expect(whole.fault?.message).toMatch(new RegExp(` at character ${position}$`));
    expect(whole.text).toBe(before);
    // Cutting changes nothing, and nothing comes after the fault.
    const pieces = decode(...json.split(''), '"b":"more"}');
    expect([pieces.text, pieces.fault?.message]).toEqual([before, whole.fault?.message]);
  });

  it.each([
    ['{"a":"first","b":"x","a":"second"}', 'firstx'],
    ['{"a":"first","\\u0061":"second"}', 'first'],
    ['{"a":1,"a":2}', '1'],
  ])('refuses a chosen field that comes twice, because the second one would count: %s', (json, before) => {
    const { text, fault } = decode(json);
    expect([text, fault?.message]).toEqual([before, expect.stringContaining('twice')]);
  });

  it('accepts a field twice if it is not chosen', () => {
    expect(decode('{"c":1,"c":2,"a":"x"}')).toEqual({ text: 'x', fault: undefined });
  });

  it('says where the fault is, counted over all pieces, and never quotes the text', () => {
    const { fault } = decode('{"a":', `"${SECRET}`, '"', ` ${SECRET}`);
    expect(fault?.message).toBe('Expected a comma or the end of the object at character 13');
  });

  it('keeps its first fault', () => {
    const decoder = new JsonFieldDecoder({ a: 'content' });
    decoder.push('[');
    const first = decoder.fault;
    expect(decoder.push('{"a":"x"}')).toEqual([]);
    expect(decoder.fault).toBe(first);
  });

  it('finds no fault in a text that is only not finished', () => {
    const json = '{"a":"x\\u00e9","c":[{"d":1}]}';
    for (let end = 0; end < json.length; end++) expect(decode(json.slice(0, end)).fault).toBeUndefined();
  });

  it('never throws, and gives the same text and fault however anything is cut', () => {
    const unit = fc.constantFrom(...'{}[]",:\\u0a1 \n', '"a":', '"b":"', '\\n', 'true', '\ud83e');
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 30 }), fc.boolean(), (units, opened) => {
        const pieces = opened ? ['{"a":', ...units] : units;
        const whole = decode(pieces.join(''));
        const apart = decode(...pieces);
        expect([apart.text, apart.fault?.message]).toEqual([whole.text, whole.fault?.message]);
      }),
      { numRuns: 5_000 },
    );
  });
});
