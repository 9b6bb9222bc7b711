import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { Semaphore } from './semaphore.js';

describe('places of a semaphore', () => {
  const { signal } = new AbortController();

  it('are given in order, no more than there are, and can be given back only once', async () => {
    const permits = new Semaphore(2);
    const got: number[] = [];
    const [first] = await Promise.all([permits.acquire(signal), permits.acquire(signal)]);
    const third = permits.acquire(signal).then((permit) => (got.push(3), permit));
    const fourth = permits.acquire(signal).then((permit) => (got.push(4), permit));
    first?.release();
    first?.release();
    (await third).release();
    await fourth;
    expect(got).toEqual([3, 4]);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('are not lost when a caller stops waiting', async () => {
    const permits = new Semaphore(1);
    const held = await permits.acquire(signal);
    const leaving = new AbortController();
    const waiting = permits.acquire(leaving.signal);
    leaving.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    held.release();
    await expect(permits.acquire(leaving.signal)).rejects.toThrow('gone');
    expect(await permits.acquire(signal)).toBeDefined();
  });
});
