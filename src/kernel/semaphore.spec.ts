import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { Semaphore } from './semaphore.js';

describe('places of a semaphore', () => {
  const { signal } = new AbortController();

  it('are given in order, no more than there are, and can be given back only once', async () => {
    const semaphore = new Semaphore(2);
    const got: number[] = [];
    const [first] = await Promise.all([semaphore.acquire(signal), semaphore.acquire(signal)]);
    const third = semaphore.acquire(signal).then((place) => (got.push(3), place));
    const fourth = semaphore.acquire(signal).then((place) => (got.push(4), place));
    first?.release();
    first?.release();
    (await third).release();
    await fourth;
    expect(got).toEqual([3, 4]);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('are not lost when a caller stops waiting', async () => {
    const semaphore = new Semaphore(1);
    const held = await semaphore.acquire(signal);
    const leaving = new AbortController();
    const waiting = semaphore.acquire(leaving.signal);
    leaving.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    held.release();
    await expect(semaphore.acquire(leaving.signal)).rejects.toThrow('gone');
    expect(await semaphore.acquire(signal)).toBeDefined();
  });
});
