import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { HeavyWork } from './heavy-work.js';

describe('HeavyWork', () => {
  it('runs one piece at a time, and pauses after each for as long as it took', async () => {
    const clock = new FakeClock();
    const heavy = new HeavyWork(clock);
    const done: string[] = [];
    const work = (name: string) => () => {
      done.push(name);
      clock.advance(100);
      return name;
    };
    const all = ['a', 'b', 'c'].map((name) => heavy.do(work(name)));
    const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
    expect(await all[0]).toBe('a');
    clock.advance(99);
    await turn();
    expect(done).toEqual(['a']);
    clock.advance(1);
    expect(await all[1]).toBe('b');
    clock.advance(99);
    await turn();
    expect(done).toEqual(['a', 'b']);
    clock.advance(1);
    expect(await all[2]).toBe('c');
  });

  it('continues after a task that throws', async () => {
    const clock = new FakeClock();
    const heavy = new HeavyWork(clock);
    const failed = heavy.do(() => {
      throw new Error('no');
    });
    const next = heavy.do(() => 1);
    await expect(failed).rejects.toThrow('no');
    clock.advance(1);
    clock.advance(1);
    expect(await next).toBe(1);
  });
});
