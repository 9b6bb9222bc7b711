import { describe, expect, it } from '@jest/globals';
import { FakeClock } from './fake-clock.js';

describe('FakeClock', () => {
  it('stands still until it is moved', () => {
    const clock = new FakeClock(1000);
    expect([clock.now(), clock.monotonic()]).toEqual([1000, 0]);
    clock.advance(2.5);
    expect([clock.now(), clock.monotonic()]).toEqual([1002, 2.5]);
  });

  it('fires due timers in the order of their times, each at its time, equals in the order of their start', () => {
    const clock = new FakeClock();
    const fired: [string, number][] = [];
    const timer = (name: string, ms: number): void => {
      clock.after(ms, () => fired.push([name, clock.monotonic()]));
    };
    timer('late', 20);
    timer('early', 10);
    timer('also early', 10);
    timer('later', 30);
    expect(clock.pending).toBe(4);
    clock.advance(20);
    expect(fired).toEqual([
      ['early', 10],
      ['also early', 10],
      ['late', 20],
    ]);
    expect(clock.pending).toBe(1);
  });

  it('fires what a callback starts, if it falls due on the way', () => {
    const clock = new FakeClock();
    const fired: number[] = [];
    const tick = (): void => {
      fired.push(clock.monotonic());
      clock.after(10, tick);
    };
    clock.after(10, tick);
    clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
    expect(clock.monotonic()).toBe(35);
  });

  it('can be set back, which durations take no notice of', () => {
    const clock = new FakeClock(1_000_000);
    clock.advance(10);
    clock.setBack(5_000);
    expect([clock.now(), clock.monotonic()]).toEqual([995_010, 10]);
  });

  it('cancels and restarts timers, also ones that have fired', () => {
    const clock = new FakeClock();
    let fired = 0;
    const timer = clock.after(10, () => fired++);
    clock.advance(9);
    timer.restart();
    clock.advance(9);
    expect(fired).toBe(0);
    clock.advance(1);
    expect(fired).toBe(1);
    timer.restart();
    expect(clock.pending).toBe(1);
    timer.cancel();
    clock.advance(100);
    expect([fired, clock.pending]).toEqual([1, 0]);
  });

  it('lets promises run between callbacks when asked to', async () => {
    const clock = new FakeClock();
    const seen: string[] = [];
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
    const running = (async () => {
      await sleep(10);
      seen.push(`first at ${clock.monotonic()}`);
      await sleep(10);
      seen.push(`second at ${clock.monotonic()}`);
    })();
    await clock.advanceAsync(25);
    expect(seen).toEqual(['first at 10', 'second at 20']);
    await running;
  });

  it('refuses to go back, to wait for no number, and to spin', () => {
    const clock = new FakeClock();
    expect(() => clock.advance(-1)).toThrow(RangeError);
    expect(() => clock.after(Number.NaN, () => undefined)).toThrow(RangeError);
    const timer = clock.after(0, () => timer.restart());
    expect(() => clock.advance(1)).toThrow('restarts itself');
  });
});
