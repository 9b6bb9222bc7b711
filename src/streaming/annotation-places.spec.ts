import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { countCharacters, moveAnnotations, clearPlaces } from './annotation-places.js';

const delta = {
  type: 'annotations' as const,
  annotations: [
    { type: 'url_citation', url_citation: { url: 'u', start_index: 2, end_index: 5 } },
    { type: 'file_citation', file_id: 'f', start_index: 1, end_index: 1 },
    { type: 'toString', index: 3 },
    { start_index: '7' },
  ],
};

describe('annotations', () => {
  it('are placed in code points', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(countCharacters(text)).toBe(Array.from(text).length);
      }),
    );
  });

  it('move with their text, wherever their places are given', () => {
    expect(moveAnnotations(delta, 0)).toBe(delta);
    expect(moveAnnotations(delta, 10).annotations).toEqual([
      { type: 'url_citation', url_citation: { url: 'u', start_index: 12, end_index: 15 } },
      { type: 'file_citation', file_id: 'f', start_index: 11, end_index: 11 },
      ...delta.annotations.slice(2),
    ]);
  });

  it('never move before the beginning', () => {
    expect(moveAnnotations(delta, -3).annotations[0]).toMatchObject({ url_citation: { start_index: 0, end_index: 2 } });
  });

  it('keep all but their places', () => {
    expect(clearPlaces(delta).annotations.slice(0, 1)).toEqual([
      { type: 'url_citation', url_citation: { url: 'u', start_index: 0, end_index: 0 } },
    ]);
  });
});
