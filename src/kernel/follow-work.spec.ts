import { describe, expect, it } from '@jest/globals';
import { followWork } from './follow-work.js';

describe('followWork', () => {
  it('yields each report at once, and returns the result', async () => {
    let finish: (result: number) => void = () => undefined;
    const following = followWork<string, number>(async (tell) => {
      tell('a');
      tell('b');
      await Promise.resolve();
      tell('c');
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    expect(await following.next()).toEqual({ done: false, value: ['a', 'b'] });
    expect(await following.next()).toEqual({ done: false, value: ['c'] });
    const last = following.next();
    finish(7);
    expect(await last).toEqual({ done: true, value: 7 });
  });

  it('yields the reports before a failure, and throws it', async () => {
    const following = followWork<string, never>(async (tell) => {
      tell('a');
      await Promise.resolve();
      throw new Error('broken');
    });
    expect(await following.next()).toEqual({ done: false, value: ['a'] });
    await expect(following.next()).rejects.toThrow('broken');
  });
});
