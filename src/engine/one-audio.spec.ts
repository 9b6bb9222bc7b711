import { describe, expect, it } from '@jest/globals';
import type { AudioDelta } from '../streaming/index.js';
import { OneAudio } from './one-audio.js';

/** The pieces that the client gets when steps yield these. */
function take(...pieces: readonly (readonly [node: string, piece: Omit<AudioDelta, 'type'>])[]): readonly unknown[] {
  const audio = new OneAudio();
  return pieces.flatMap(([node, piece]) => audio.take(node, { type: 'audio', ...piece }) ?? []);
}

describe('OneAudio', () => {
  it('passes on the id and the expiry once, however often they come', () => {
    expect(
      take(
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
    ['another output of the same step', 'a', '2'],
  ])('passes on as text what is spoken by %s', (_, node, id) => {
    expect(
      take(['a', { id: '1' }], [node, { id }], [node, { transcript: 'Bye' }], [node, { data: 'AAAA', expiresAt: 5 }]),
    ).toEqual([
      { type: 'audio', id: '1' },
      { type: 'content', text: 'Bye' },
    ]);
  });
});
