import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { LoopWatch } from './loop-watch.js';

/** A clock whose timers come late. */
class LateClock extends FakeClock {
  lateMs = 0;
  #lost = 0;

  override monotonic(): number {
    return super.monotonic() + this.#lost;
  }

  /** Lets one check happen. */
  look(): void {
    this.#lost += this.lateMs;
    this.advance(250);
  }
}

describe('LoopWatch', () => {
  it('is behind after three late checks in a row, and no longer after one in time', () => {
    const clock = new LateClock();
    const watch = new LoopWatch(100, clock, () => false);
    watch.wake();
    clock.lateMs = 101;
    clock.look();
    clock.look();
    expect(watch.isBehind).toBe(false);
    clock.look();
    expect(watch.isBehind).toBe(true);
    clock.look();
    expect(watch.isBehind).toBe(true);
    clock.lateMs = 100;
    clock.look();
    expect(watch.isBehind).toBe(false);
    watch.stop();
    expect(clock.pending).toBe(0);
  });

  it('ignores single pauses, however long', () => {
    const clock = new LateClock();
    const watch = new LoopWatch(100, clock, () => false);
    watch.wake();
    for (const lateMs of [60_000, 60_000, 0, 60_000, 60_000, 0]) {
      clock.lateMs = lateMs;
      clock.look();
      expect(watch.isBehind).toBe(false);
    }
  });

  it('does not check while there is nothing to do, unless it is late', () => {
    const clock = new LateClock();
    let isIdle = false;
    const watch = new LoopWatch(100, clock, () => isIdle);
    watch.wake();
    watch.wake();
    clock.look();
    expect(clock.pending).toBe(1);
    isIdle = true;
    clock.lateMs = 101;
    for (let i = 0; i < 3; i++) clock.look();
    expect(watch.isBehind).toBe(true);
    clock.lateMs = 0;
    clock.look();
    expect([watch.isBehind, clock.pending]).toEqual([false, 0]);
    // Time that passes without checks does not count as lateness.
    clock.advance(60_000);
    for (let i = 0; i < 3; i++) {
      watch.wake();
      clock.look();
    }
    expect(watch.isBehind).toBe(false);
  });

  it('does nothing without a limit', () => {
    const clock = new FakeClock();
    new LoopWatch(0, clock, () => false).wake();
    expect(clock.pending).toBe(0);
  });
});
