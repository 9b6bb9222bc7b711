import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { Audience } from './audience.js';

describe('Audience', () => {
  let clock: FakeClock;
  let left: string[];
  let audience: Audience;
  let marked: (readonly string[])[];
  /** How long no other process has reported readers of a run; undefined: the run is active in one of them. */
  let unreadMs: number | undefined;
  const store = {
    isShared: true,
    bindToReaders: () => Promise.resolve(),
    markRead: (ids: readonly string[]) => Promise.resolve(void marked.push(ids)),
    findUnreadTime: () => Promise.resolve(unreadMs),
  };
  beforeEach(() => {
    clock = new FakeClock();
    left = [];
    marked = [];
    unreadMs = Number.POSITIVE_INFINITY;
    audience = new Audience({ clock, store, worker: 'w', graceMs: 15_000, onLeft: (run) => left.push(run) });
  });

  async function advance(ms: number): Promise<void> {
    clock.advance(ms);
    await new Promise(setImmediate);
  }

  it('ends a bound run when its last reader has been away for the grace time, once', async () => {
    audience.bind('a');
    const leave = [audience.join('a'), audience.join('a')];
    await advance(60_000);
    leave[0]?.();
    await advance(60_000);
    expect(left).toEqual([]);
    leave[1]?.();
    leave[1]?.();
    await advance(14_999);
    expect(left).toEqual([]);
    await advance(1);
    await advance(60_000);
    expect(left).toEqual(['a']);
  });

  it('starts the grace time again when a reader came back in time', async () => {
    audience.bind('a');
    audience.join('a')();
    await advance(10_000);
    const leave = audience.join('a');
    await advance(10_000);
    leave();
    await advance(10_000);
    expect(left).toEqual([]);
    await advance(5_000);
    expect(left).toEqual(['a']);
  });

  it('gives a run that nobody has read yet the same time, and counts readers that came before it was bound', async () => {
    audience.bind('unread');
    const leave = audience.join('read');
    audience.bind('read');
    await advance(15_000);
    expect(left).toEqual(['unread']);
    leave();
    await advance(15_000);
    expect(left).toEqual(['unread', 'read']);
  });

  it('leaves runs alone that are not bound, and those that have ended', async () => {
    audience.join('free')();
    audience.bind('over');
    audience.join('over')();
    audience.release('over');
    await advance(60_000);
    expect(left).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('ends a run when its reader in another process has been away for the grace time', async () => {
    audience.bind('a');
    unreadMs = 1_000;
    await advance(15_000);
    unreadMs = 14_000;
    await advance(14_000);
    expect(left).toEqual([]);
    unreadMs = 15_000;
    await advance(1_000);
    expect(left).toEqual(['a']);
  });

  it('leaves a run that is at work in another process to that one', async () => {
    audience.bind('a');
    unreadMs = undefined;
    await advance(15_000);
    unreadMs = 60_000;
    await advance(60_000);
    expect(left).toEqual([]);
  });

  it('tells other processes when readers come, that they are still there, and when they leave', async () => {
    const leave = [audience.join('a'), audience.join('b'), audience.join('b')];
    await advance(0);
    await advance(5_000);
    leave[0]?.();
    leave[1]?.();
    await advance(0);
    expect(marked).toEqual([['a', 'b'], ['a', 'b'], ['a']]);
    leave[2]?.();
    await advance(60_000);
    expect(marked.slice(3)).toEqual([['b']]);
  });
});
