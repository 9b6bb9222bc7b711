import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/index.js';
import { LoopWatch } from './loop-watch.js';

/** A clock whose timers come late. */
class LateClock extends FakeClock {
  lateMs = 0;
  #lost = 0;

  override monotonic(): number {
    return super.monotonic() + this.#lost;
  }

  /** Lets one look happen. */
  look(): void {
    this.#lost += this.lateMs;
    this.advance(250);
  }
}

describe('LoopWatch', () => {
  it('is behind after three late looks in a row, and no more after one in time', () => {
    const clock = new LateClock();
    const watch = new LoopWatch(100, clock);
    watch.start();
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

  it('forgives single pauses, however long', () => {
    const clock = new LateClock();
    const watch = new LoopWatch(100, clock);
    watch.start();
    for (const lateMs of [60_000, 60_000, 0, 60_000, 60_000, 0]) {
      clock.lateMs = lateMs;
      clock.look();
      expect(watch.isBehind).toBe(false);
    }
  });

  it('does nothing without a limit', () => {
    const clock = new FakeClock();
    new LoopWatch(0, clock).start();
    expect(clock.pending).toBe(0);
  });
});
