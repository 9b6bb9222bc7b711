import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { SilenceWatch } from './silence-watch.js';

describe('SilenceWatch', () => {
  it('aborts at its first limit, and says that nothing was received', () => {
    const clock = new FakeClock();
    const watch = new SilenceWatch(clock, 100);
    clock.advance(99);
    expect(watch.signal.aborted).toBe(false);
    clock.advance(1);
    expect(watch.signal.reason).toMatchObject({ status: 504, message: expect.stringContaining('before its response') });
  });

  it('does not restart the first limit for a wait without a limit', () => {
    const clock = new FakeClock();
    const watch = new SilenceWatch(clock, 100);
    for (let i = 0; i < 3; i++) {
      clock.advance(30);
      watch.noteBytes();
      watch.wait();
    }
    clock.advance(10);
    expect(watch.signal.reason).toMatchObject({ message: expect.stringContaining('in its response') });
  });

  it('gives each wait with a limit its whole time', () => {
    const clock = new FakeClock();
    const watch = new SilenceWatch(clock, 100);
    for (const limit of [50, 50, 20, 50]) {
      watch.wait(limit);
      clock.advance(limit - 1);
      expect(watch.signal.aborted).toBe(false);
      watch.noteBytes();
    }
    watch.wait(50);
    clock.advance(50);
    expect(watch.signal.aborted).toBe(true);
  });

  it('counts only while somebody waits', () => {
    const clock = new FakeClock();
    const watch = new SilenceWatch(clock, 100);
    watch.wait(50);
    watch.noteBytes();
    clock.advance(1_000);
    expect(watch.signal.aborted).toBe(false);
    watch.wait(50);
    clock.advance(49);
    expect(watch.signal.aborted).toBe(false);
    clock.advance(1);
    expect(watch.signal.aborted).toBe(true);
  });

  it('keeps the first reason', () => {
    const clock = new FakeClock();
    const watch = new SilenceWatch(clock, 100);
    watch.abort('left');
    clock.advance(100);
    watch.end();
    expect(watch.signal.reason).toBe('left');
  });

  it('never has more than one timer, and none after its end', () => {
    const clock = new FakeClock();
    const watch = new SilenceWatch(clock, 100);
    for (const limit of [10, 20, 20, 10]) {
      watch.wait(limit);
      watch.noteBytes();
      expect(clock.pending).toBe(1);
    }
    watch.end();
    expect(clock.pending).toBe(0);
    expect(watch.signal.aborted).toBe(false);
    watch.giveUp();
    expect(watch.signal.aborted).toBe(true);
  });
});
