import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Delta } from './delta.js';
import { WholeCharacters } from './whole-characters.js';

const content = (text: string): Delta => ({ type: 'content', text });
const piece = (index: number, text: string): Delta => ({ type: 'tool-call', index, arguments: text });

/** Passes deltas through, to the end. */
function takeAll(...deltas: readonly Delta[]): readonly Delta[] {
  const characters = new WholeCharacters();
  const out = deltas.flatMap((delta) => characters.take(delta) ?? []);
  return [...out, ...characters.takeRest()];
}

function readText(delta: Delta): string {
  if (delta.type === 'audio') return delta.transcript ?? '';
  return delta.type === 'tool-call' ? delta.arguments : 'text' in delta ? delta.text : '';
}

describe('WholeCharacters', () => {
  it.each([
    content,
    (text: string) => piece(3, text),
    (text: string): Delta => ({ type: 'reasoning', text }),
    (transcript: string): Delta => ({ type: 'audio', transcript }),
  ])('passes whole characters on, wherever they are cut', (make) => {
    const unit = fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }), fc.constant('🦀'));
    fc.assert(
      fc.property(fc.string({ unit }), fc.integer({ min: 1, max: 3 }), (text, size) => {
        const cut = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
        const texts = takeAll(...cut.map((each) => make(each))).map(readText);
        expect(texts.filter((each) => /\p{Surrogate}/u.test(each))).toEqual([]);
        expect(texts.join('')).toBe(text);
      }),
    );
  });

  it('gives a delta without a cut character as it is', () => {
    const delta = content('whole 🦀');
    expect(new WholeCharacters().take(delta)).toBe(delta);
  });

  it('joins halves of each channel and each call, whatever comes between them', () => {
    expect(
      takeAll(
        content('a\ud83e'),
        piece(0, '"\ud83e'),
        piece(1, '\ud83e'),
        { type: 'reasoning', text: 'hm' },
        content('\udd80b'),
        piece(1, '\udd80'),
        piece(0, '\udd80"'),
      ),
    ).toEqual([
      content('a'),
      piece(0, '"'),
      { type: 'reasoning', text: 'hm' },
      content('🦀b'),
      piece(1, '🦀'),
      piece(0, '🦀"'),
    ]);
  });

  it('replaces a half that stays alone with U+FFFD', () => {
    expect(takeAll(content('\ud83e'), content('x'))).toEqual([content('\ufffdx')]);
    expect(takeAll(content('a\ud83eb'), content('\udd80'))).toEqual([content('a\ufffdb'), content('\ufffd')]);
    expect(takeAll(content('x\ud83e'), content(''))).toEqual([content('x'), content(''), content('\ufffd')]);
    const last: Delta = { type: 'tool-call', index: 1, kind: 'custom', arguments: '\ud83e' };
    expect(takeAll(last)).toEqual([{ ...last, arguments: '\ufffd' }]);
  });

  it('loses no log probability, no id and no name while it holds a half', () => {
    const token = { token: 'x' };
    expect(
      takeAll(
        { type: 'content', text: '\ud83e', logprobs: [token] },
        { type: 'content', text: '\udd80', logprobs: [token] },
        { type: 'tool-call', index: 0, id: 'a', name: 'f', arguments: '\ud83e' },
        piece(0, '\udd80'),
      ),
    ).toEqual([
      { type: 'content', text: '', logprobs: [token] },
      { type: 'content', text: '🦀', logprobs: [token] },
      { type: 'tool-call', index: 0, id: 'a', name: 'f', arguments: '' },
      piece(0, '🦀'),
    ]);
  });
});
