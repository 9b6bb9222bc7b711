import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { LocalWindows } from './local-windows.js';

describe('LocalWindows', () => {
  it('counts for a minute, which begins with the first count', () => {
    const clock = new FakeClock();
    const windows = new LocalWindows(clock);
    expect(windows.get('a')).toEqual({ count: 0, resetMs: 0 });
    expect(windows.add('a', 2)).toEqual({ count: 2, resetMs: 60_000 });
    clock.advance(59_000);
    expect(windows.add('a', 3)).toEqual({ count: 5, resetMs: 1_000 });
    clock.advance(1_000);
    expect(windows.get('a')).toEqual({ count: 0, resetMs: 0 });
    expect(windows.add('a', 1)).toEqual({ count: 1, resetMs: 60_000 });
  });

  it('does not depend on the time of day', () => {
    const clock = new FakeClock();
    const windows = new LocalWindows(clock);
    windows.add('a', 1);
    clock.setBack(3_600_000);
    clock.advance(1_000);
    expect(windows.get('a')).toEqual({ count: 1, resetMs: 59_000 });
  });

  it('keeps only windows that are open', () => {
    const clock = new FakeClock();
    const windows = new LocalWindows(clock);
    for (let i = 0; i < 1_000; i++) windows.add(`early ${i}`, 1);
    clock.advance(30_000);
    windows.add('late', 1);
    expect(windows.size).toBe(1_001);
    clock.advance(30_000);
    windows.add('later', 1);
    expect(windows.size).toBe(2);
  });
});
