import { describe, expect, it } from '@jest/globals';
import { parseCaptured, parseAllCaptured } from './parse-captured.js';

describe('parseCaptured', () => {
  it.each([
    ['an object', '{"a":[1,"]}"]}', { a: [1, ']}'] }],
    ['a list', ' [{"role":"user"}]', [{ role: 'user' }]],
    ['a quote in a string', String.raw`["\"[", "\\"]`, ['"[', '\\']],
  ])('parses %s', (_, text, value) => {
    expect(parseCaptured(text)).toEqual(value);
  });

  it.each([
    ['words', 'hello'],
    ['nothing', ''],
    ['a number', '12345678901234567890'],
    ['a word of JSON', 'true'],
    ['JSON that was cut off', '[{"role":"us…[10 of 20 characters cut off]'],
    ['JSON that is deeper than any captured JSON', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('keeps %s as text', (_, text) => {
    expect(parseCaptured(text)).toBe(text);
  });

  it('limits the depth of a text, not the number of its values', () => {
    const text = JSON.stringify(Array.from({ length: 1_000 }, () => [{}]));
    expect(parseCaptured(text)).toHaveLength(1_000);
  });

  it('parses each of several texts', () => {
    expect(parseAllCaptured({ a: '[1]', b: 'x', __proto__x: '{}' })).toEqual({ a: [1], b: 'x', __proto__x: {} });
  });
});
