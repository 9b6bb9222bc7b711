import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { OverloadedError, RateLimitedError } from '../../errors/index.js';
import { type PlaceSeeker, RunPlaces } from './run-places.js';

describe('RunPlaces', () => {
  const clock = new FakeClock();

  /** A run that writes its name down when it begins; `mayBegin` says whether its caller may have it at work. */
  function makeSeeker(begun: string[], name: string, more: Partial<PlaceSeeker> & { mayBegin?: () => boolean } = {}) {
    const { owner = 'a', priority = 5, mayBegin = () => true } = more;
    const begin = (): boolean => {
      if (!mayBegin()) return false;
      begun.push(name);
      return true;
    };
    return { owner, priority, begin };
  }

  it('refuses more that wait than one caller, and than all together, may have, and takes all that an earlier process let in', () => {
    const places = new RunPlaces(clock, 1, 2, 3);
    const leave = [places.reserve('a'), places.reserve('a')];
    expect(() => places.reserve('a')).toThrow(RateLimitedError);
    leave.push(places.reserve('b'));
    expect(() => places.reserve('c')).toThrow(OverloadedError);
    expect(() => places.reserve('c')).toThrow(expect.objectContaining({ status: 503, retryAfterMs: 5_000 }));
    const leaveResumed = places.count('a');
    leave[2]?.();
    expect(() => places.reserve('c')).toThrow(OverloadedError);
    leaveResumed();
    leave[0]?.();
    expect(() => places.reserve('a')).not.toThrow();
  });

  it('begins runs by priority, and in their order within one', () => {
    const begun: string[] = [];
    const places = new RunPlaces(clock, 1, 9, 9);
    places.enter(makeSeeker(begun, 'first'));
    for (const [name, priority] of [
      ['late', 0],
      ['second', 5],
      ['third', 5],
      ['urgent', 9],
    ] as const) {
      places.enter(makeSeeker(begun, name, { priority }));
    }
    for (let ended = 0; ended < 4; ended++) places.leave();
    expect(begun).toEqual(['first', 'urgent', 'second', 'third', 'late']);
  });

  it('lets others pass a run that its caller’s limits hold back, and looks at it again', () => {
    const begun: string[] = [];
    let mayBegin = false;
    const places = new RunPlaces(clock, 9, 9, 9);
    places.enter(makeSeeker(begun, 'held', { mayBegin: () => mayBegin }));
    places.enter(makeSeeker(begun, 'other', { owner: 'b' }));
    expect([begun, places.waiting, places.atWork]).toEqual([['other'], 1, 1]);
    mayBegin = true;
    clock.advance(1_000);
    expect([begun, places.waiting, places.atWork]).toEqual([['other', 'held'], 0, 2]);
  });
});
