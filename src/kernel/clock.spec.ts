import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, within } from '../../test/support/eventually.js';
import { SystemClock, type Timer } from './clock.js';

describe('SystemClock', () => {
  const clock = new SystemClock();
  // The clock's own timers do not keep a process alive.
  let alive: NodeJS.Timeout;

  beforeEach(() => {
    alive = setInterval(() => undefined, 1_000);
  });
  afterEach(() => {
    clearInterval(alive);
  });

  const waitForTimer = (ms: number, use: (timer: Timer) => void = () => undefined): Promise<void> =>
    new Promise((resolve) => {
      use(clock.after(ms, resolve));
    });

  it('tells the time of day in milliseconds, and the monotonic time with fractions', () => {
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1_000);
    expect(Number.isInteger(clock.now())).toBe(true);
    const samples = Array.from({ length: 100 }, () => clock.monotonic());
    expect(samples).toEqual([...samples].sort((a, b) => a - b));
    expect(samples.some((sample) => !Number.isInteger(sample))).toBe(true);
  });

  it('calls back after the time, with the tolerance of a timer', async () => {
    const start = clock.monotonic();
    await within(waitForTimer(20));
    expect(clock.monotonic() - start).toBeGreaterThan(18);
  });

  it('does not call back once it is cancelled, and may be cancelled twice or too late', async () => {
    let calls = 0;
    const timer = clock.after(5, () => calls++);
    timer.cancel();
    timer.cancel();
    const late: Timer[] = [];
    await within(waitForTimer(10, (each) => late.push(each)));
    late[0]?.cancel();
    expect(calls).toBe(0);
  });

  it.each([Infinity, 2_147_483_648, 1e99])('does not fire at once for a wait of %d ms', async (ms) => {
    let calls = 0;
    const timer = clock.after(ms, () => calls++);
    await within(waitForTimer(10));
    timer.cancel();
    expect(calls).toBe(0);
  });

  it('refuses a timer that is not set to a number', () => {
    expect(() => clock.after(Number.NaN, () => undefined)).toThrow(RangeError);
  });

  it('restarts the same wait, even after it has called back', async () => {
    let resolve: () => void = () => undefined;
    const next = (): Promise<void> =>
      new Promise((settle) => {
        resolve = settle;
      });
    let calls = 0;
    const first = next();
    const start = clock.monotonic();
    const timer = clock.after(20, () => {
      calls++;
      resolve();
    });
    await within(waitForTimer(10));
    timer.restart();
    await within(first);
    expect(clock.monotonic() - start).toBeGreaterThan(26);
    const second = next();
    timer.restart();
    await within(second);
    expect(calls).toBe(2);
  });

  it('restarts a timer that was cancelled', async () => {
    let count = 0;
    const timer = clock.after(1, () => count++);
    timer.cancel();
    timer.restart();
    await eventually(() => count === 1);
  });
});
