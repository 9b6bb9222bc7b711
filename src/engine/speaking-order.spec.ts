import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Delta } from '../streaming/index.js';
import { SpeakingOrder } from './speaking-order.js';

const say = (order: SpeakingOrder, text: string): void =>
  order.say({ node: 'n', debounceMs: undefined }, { type: 'content', text });

describe('SpeakingOrder', () => {
  const spoken: string[] = [];
  const root = (): SpeakingOrder => {
    spoken.length = 0;
    return new SpeakingOrder((_, delta) => spoken.push('text' in delta ? delta.text : ''));
  };

  it('lets the first step speak at once, and the next one when the first has closed', () => {
    const order = root();
    const [first, second, third] = [order.addChild(), order.addChild(), order.addChild()];
    say(second, 'b');
    say(third, 'c');
    say(first, 'a');
    expect(spoken).toEqual(['a']);
    third.close();
    first.close();
    expect(spoken).toEqual(['a', 'b']);
    say(second, 'B');
    second.close();
    expect(spoken).toEqual(['a', 'b', 'B', 'c']);
  });

  it('keeps the place of a step that holds others', () => {
    const order = root();
    const [branch, after] = [order.addChild(), order.addChild()];
    say(after, '3');
    const [one, two] = [branch.addChild(), branch.addChild()];
    say(two, '2');
    say(one, '1');
    one.close();
    two.close();
    branch.close();
    expect(spoken).toEqual(['1', '2', '3']);
  });

  it('says when a step is too far ahead, and when it may continue', async () => {
    const order = root();
    const [first, second] = [order.addChild(), order.addChild()];
    say(second, 'x'.repeat(500_000));
    expect(second.hasRoom).toBe(true);
    say(second, 'x'.repeat(30_000));
    expect([first.hasRoom, second.hasRoom]).toEqual([true, false]);
    let hasRoom = false;
    const waiting = second.waitForRoom().then(() => (hasRoom = true));
    await Promise.resolve();
    expect(hasRoom).toBe(false);
    first.close();
    await waiting;
    expect(second.hasRoom).toBe(true);
  });

  it('counts all that it keeps: pieces that are not text, and the number of pieces', () => {
    const pieces: Record<string, Delta> = {
      logprobs: { type: 'content', text: '', logprobs: [{ token: 'x'.repeat(600_000) }] },
      arguments: { type: 'tool-call', index: 0, arguments: 'x'.repeat(600_000) },
    };
    for (const delta of Object.values(pieces)) {
      const order = root();
      order.addChild();
      const second = order.addChild();
      expect(second.hasRoom).toBe(true);
      second.say({ node: 'n', debounceMs: undefined }, delta);
      expect(second.hasRoom).toBe(false);
    }
    const order = root();
    order.addChild();
    const second = order.addChild();
    for (let i = 0; i < 8_000; i++) say(second, '.');
    expect(second.hasRoom).toBe(false);
  });

  it('speaks in declared order, whatever happens first', () => {
    // Leaves of a random tree are numbered in order; they speak twice each and close, in any interleaving.
    const tree = fc.letrec<{ node: number | unknown[] }>((tie) => ({
      node: fc.oneof({ depthSize: 'small' }, fc.constant(0), fc.array(tie('node'), { minLength: 1, maxLength: 4 })),
    }));
    fc.assert(
      fc.property(tree.node, fc.infiniteStream(fc.nat()), (shape, choices) => {
        const order = root();
        const jobs: (() => void)[][] = [];
        const expected: string[] = [];
        const grow = (at: SpeakingOrder, inner: unknown, onClosed: () => void): void => {
          if (!Array.isArray(inner)) {
            const name = String(expected.length / 2);
            expected.push(`${name}a`, `${name}b`);
            jobs.push([() => say(at, `${name}a`), () => say(at, `${name}b`), () => (at.close(), onClosed())]);
            return;
          }
          let open = inner.length;
          for (const child of inner) {
            grow(at.addChild(), child, () => {
              if (--open > 0) return;
              at.close();
              onClosed();
            });
          }
        };
        grow(order, [shape], () => undefined);
        while (jobs.some((job) => job.length > 0)) {
          const ready = jobs.filter((job) => job.length > 0);
          ready[choices.next().value % ready.length]?.shift()?.();
        }
        // Kept deltas are joined into fewer pieces.
        expect(spoken.join('')).toBe(expected.join(''));
      }),
    );
  });
});
