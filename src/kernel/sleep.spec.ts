import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.js';
import { sleep } from './sleep.js';

describe('sleep', () => {
  it('ends after its time, and leaves no listener on the signal', async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    let awake = false;
    const sleeping = sleep(100, clock, signal).then(() => (awake = true));
    await clock.advanceAsync(99);
    expect(awake).toBe(false);
    await clock.advanceAsync(1);
    await sleeping;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('ends at once when it is aborted, and leaves no timer', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const sleeping = sleep(100, clock, controller.signal);
    controller.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    expect(clock.pending).toBe(0);
    await expect(sleep(100, clock, controller.signal)).rejects.toThrow('enough');
    expect(clock.pending).toBe(0);
  });
});
