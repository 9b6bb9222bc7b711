import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { getHeapStatistics } from 'node:v8';
import { DeltaCollector } from './delta-collector.js';
import { GrowingText } from './growing-text.js';

describe('GrowingText', () => {
  it('holds what was added, whenever it is read', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ maxLength: 3 }), fc.boolean()), { maxLength: 2_000 }), (pieces) => {
        const text = new GrowingText();
        let all = '';
        for (const [piece, isRead] of pieces) {
          text.add(piece);
          all += piece;
          expect(text.isEmpty).toBe(all === '');
          expect(isRead ? text.text : all).toBe(all);
        }
        expect(text.text).toBe(all);
      }),
    );
  });

  it.each(['content', 'reasoning', 'refusal', 'tool-call'] as const)(
    'holds millions of pieces of %s in about the memory of their characters',
    (type) => {
      const before = getHeapStatistics().used_heap_size;
      const collector = new DeltaCollector();
      const delta = type === 'tool-call' ? { type, index: 0, arguments: 'x' } : { type, text: 'x' };
      for (let i = 0; i < 4_000_000; i++) collector.add(delta);
      // As ropes they take 128 MB.
      expect(getHeapStatistics().used_heap_size - before).toBeLessThan(64 * 1024 * 1024);
      expect(JSON.stringify(collector.output()).length).toBeGreaterThan(4_000_000);
    },
  );
});
