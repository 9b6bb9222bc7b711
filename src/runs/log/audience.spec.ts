import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { Audience } from './audience.js';

describe('Audience', () => {
  let clock: FakeClock;
  let left: string[];
  let audience: Audience;
  beforeEach(() => {
    clock = new FakeClock();
    left = [];
    audience = new Audience(clock, 15_000, (run) => left.push(run));
  });

  it('ends a bound run when its last reader has been away for the grace time, once', () => {
    audience.bind('a');
    const leave = [audience.join('a'), audience.join('a')];
    clock.advance(60_000);
    leave[0]?.();
    clock.advance(60_000);
    expect(left).toEqual([]);
    leave[1]?.();
    leave[1]?.();
    clock.advance(14_999);
    expect(left).toEqual([]);
    clock.advance(1);
    clock.advance(60_000);
    expect(left).toEqual(['a']);
  });

  it('begins to count again when somebody came back in time', () => {
    audience.bind('a');
    audience.join('a')();
    clock.advance(10_000);
    const leave = audience.join('a');
    clock.advance(10_000);
    leave();
    clock.advance(10_000);
    expect(left).toEqual([]);
    clock.advance(5_000);
    expect(left).toEqual(['a']);
  });

  it('gives a run that nobody reads from the beginning on the same time, and counts those who came before it was bound', () => {
    audience.bind('unread');
    const leave = audience.join('read');
    audience.bind('read');
    clock.advance(15_000);
    expect(left).toEqual(['unread']);
    leave();
    clock.advance(15_000);
    expect(left).toEqual(['unread', 'read']);
  });

  it('lets other runs go on, and those that are over', () => {
    audience.join('free')();
    audience.bind('over');
    audience.join('over')();
    audience.release('over');
    clock.advance(60_000);
    expect(left).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
