import { describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { FullPace, SteadyPace } from './pace.js';

describe('SteadyPace', () => {
  it('is ready at first, and then once for every token and interval', async () => {
    const clock = new FakeClock();
    const pace = new SteadyPace(clock, 20);
    const { signal } = new AbortController();
    await pace.wait(1, signal);
    let waits = 0;
    const reading = (async () => {
      for (; waits < 3; waits++) await pace.wait(waits === 0 ? 2 : 1, signal);
    })();
    await clock.advanceAsync(49);
    expect(waits).toBe(0);
    await clock.advanceAsync(1);
    expect(waits).toBe(1);
    await clock.advanceAsync(99);
    expect(waits).toBe(1);
    await clock.advanceAsync(1);
    expect(waits).toBe(2);
    await clock.advanceAsync(50);
    await reading;
    expect(waits).toBe(3);
    expect(clock.pending).toBe(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('gives a reader that was slow no burst', async () => {
    const clock = new FakeClock();
    const pace = new SteadyPace(clock, 10);
    const { signal } = new AbortController();
    await pace.wait(1, signal);
    clock.advance(10_000);
    await pace.wait(1, signal);
    const next = pace.wait(1, signal);
    expect(clock.pending).toBe(1);
    await clock.advanceAsync(100);
    await next;
  });

  it('keeps its rate although timers fire late', async () => {
    const clock = new FakeClock();
    const pace = new SteadyPace(clock, 100);
    const { signal } = new AbortController();
    await pace.wait(1, signal);
    const first = pace.wait(1, signal);
    await clock.advanceAsync(10);
    await first;
    clock.advance(4);
    const second = pace.wait(1, signal);
    await clock.advanceAsync(6);
    await second;
    expect(clock.monotonic()).toBe(20);
  });

  it('ends at once with the reason of an abort, and leaves nothing behind', async () => {
    const clock = new FakeClock();
    const pace = new SteadyPace(clock, 1);
    const controller = new AbortController();
    const reason = new Error('gone');
    await pace.wait(1, controller.signal);
    const waiting = pace.wait(1, controller.signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(pace.wait(1, controller.signal)).rejects.toBe(reason);
    expect(clock.pending).toBe(0);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });
});

describe('FullPace', () => {
  it('lets other work run between batches', async () => {
    const pace = new FullPace();
    let ran = false;
    setImmediate(() => (ran = true));
    await pace.wait(1, new AbortController().signal);
    expect(ran).toBe(true);
  });

  it('ends with the reason of an abort', async () => {
    const reason = new Error('gone');
    await expect(new FullPace().wait(1, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
