import { describe, expect, it } from '@jest/globals';
import type { AudioDelta } from '../streaming/index.js';
import { OneAudio } from './one-audio.js';

/** What becomes of pieces that steps speak. */
function heard(...pieces: readonly (readonly [node: string, piece: Omit<AudioDelta, 'type'>])[]): readonly unknown[] {
  const audio = new OneAudio();
  return pieces.flatMap(([node, piece]) => audio.take(node, { type: 'audio', ...piece }) ?? []);
}

describe('OneAudio', () => {
  it('tells id and expiry once, however often they come', () => {
    expect(
      heard(
        ['a', { id: '1', data: 'AAAA', expiresAt: 5 }],
        ['a', { id: '1', transcript: 'Hi', expiresAt: 5 }],
        ['a', { id: '1', expiresAt: 5 }],
      ),
    ).toEqual([
      { type: 'audio', id: '1', data: 'AAAA', expiresAt: 5 },
      { type: 'audio', transcript: 'Hi' },
    ]);
  });

  it.each([
    ['another step', 'b', '1'],
    ['another answer of the same step', 'a', '2'],
  ])('tells as text what is spoken by %s', (_, node, id) => {
    expect(
      heard(['a', { id: '1' }], [node, { id }], [node, { transcript: 'Bye' }], [node, { data: 'AAAA', expiresAt: 5 }]),
    ).toEqual([
      { type: 'audio', id: '1' },
      { type: 'content', text: 'Bye' },
    ]);
  });
});
