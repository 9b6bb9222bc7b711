import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { shortenToWidth, measureWidth, escapeXml } from './svg-text.js';

describe('text in an SVG', () => {
  it('escapes markup, and replaces characters that XML cannot hold', () => {
    expect(escapeXml(`<a b="c" d='e'>&amp;`)).toBe('&#60;a b=&#34;c&#34; d=&#39;e&#39;&#62;&#38;amp;');
    expect(escapeXml('a\0b\uD800c\uFFFEd😀')).toBe('a\uFFFDb\uFFFDc\uFFFDd😀');
  });

  it('is cut between characters', () => {
    expect(shortenToWidth('short', 13, 200)).toBe('short');
    expect(shortenToWidth('😀'.repeat(50), 13, 60)).toBe('😀😀😀…');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 40, max: 300 }), (text, limit) => {
        expect(measureWidth(shortenToWidth(text, 13, limit), 13)).toBeLessThanOrEqual(limit);
      }),
    );
  });
});
