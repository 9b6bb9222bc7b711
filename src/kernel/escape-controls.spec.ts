import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { escapeControls, escapeControlsInLines } from './escape-controls.js';

describe('escapeControls', () => {
  it.each([
    ['a line break', 'a\r\nb', 'a\\r\\nb'],
    ['a tab', 'a\tb', 'a\\tb'],
    ['a terminal escape', '\x1b[31mred', '\\u001b[31mred'],
    ['the 8-bit form of it', '\x9b31m', '\\u009b31m'],
    ['a delete', '\x7f', '\\u007f'],
    ['a turned direction', 'a\u202eb\u2066c', 'a\\u202eb\\u2066c'],
    ['a line end of Unicode', '\u2028\u2029\x85', '\\u2028\\u2029\\u0085'],
    ['what has no width', 'a\u200bb\ufeffc\u00add', 'a\\u200bb\\ufeffc\\u00add'],
    ['a tag outside the basic plane', '\u{e0041}', '\\udb40\\udc41'],
    ['half a character', 'a\ud83d', 'a\\ud83d'],
  ])('escapes %s', (_, text, shown) => {
    expect(escapeControls(text)).toBe(shown);
  });

  it('leaves visible characters as they are', () => {
    for (const text of ['', 'GET /v1/models 200', 'Grüße, 你好 👋 ¡olé!', 'C:\\temp']) {
      expect(escapeControls(text)).toBe(text);
    }
  });

  it('does not change what JSON text means', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const line = escapeControls(JSON.stringify({ text }));
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(JSON.parse(line)).toEqual({ text });
      }),
    );
  });
});

describe('escapeControlsInLines', () => {
  it('keeps the lines of a stack', () => {
    const { stack = '' } = new Error('no');
    expect(escapeControlsInLines(stack)).toBe(stack);
  });

  it('indents every line but the first', () => {
    expect(escapeControlsInLines('a\nb\r\n  c\n\nd\n')).toBe('a\n    b\n  c\n    \n    d\n    ');
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('\n', '\r', 'x', ' ', '\u2028', '\x1b', '\v') }), (text) => {
        const safe = escapeControlsInLines(text);
        expect(
          safe
            .split('\n')
            .slice(1)
            .every((line) => line.startsWith(' ')),
        ).toBe(true);
        expect(safe).not.toMatch(/(?!\n)[\p{Cc}\p{Zl}]/u);
      }),
    );
  });
});
