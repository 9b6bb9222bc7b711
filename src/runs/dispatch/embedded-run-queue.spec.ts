import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { OverloadedError, RateLimitedError } from '../../errors/index.js';
import { EmbeddedRunQueue } from './embedded-run-queue.js';
import type { MostAtWork, RunJob } from './run-queue.js';

describe('EmbeddedRunQueue', () => {
  let clock: FakeClock;
  /** Names of the runs that have begun. */
  let begun: string[];
  /** Ends the active runs, by name. */
  let ends: Map<string, () => void>;
  /** Callers that may not have another run at work. */
  let held: Set<string>;

  beforeEach(() => {
    clock = new FakeClock();
    begun = [];
    ends = new Map();
    held = new Set();
  });

  function makeQueue(
    concurrency: number,
    mostQueuedOfCaller = 9,
    mostAtWork: MostAtWork = new Map(),
  ): EmbeddedRunQueue {
    const limits = { concurrency, mostQueuedOfCaller, listMostAtWork: () => mostAtWork };
    const queue = new EmbeddedRunQueue(clock, limits);
    queue.work(({ id, owner }) => {
      if (held.has(owner)) return undefined;
      begun.push(id);
      return new Promise((resolve) => ends.set(id, resolve));
    });
    return queue;
  }

  function makeJob(id: string, more: Partial<RunJob> = {}): RunJob {
    const job = { id, owner: 'a', door: 'd', workflow: 'w', admission: {}, priority: 5, runAt: 0, wake: 0 };
    return { ...job, ...more };
  }

  /** Ends the run that has begun last, and lets the next one begin. */
  async function endLast(): Promise<void> {
    ends.get(begun.at(-1) ?? '')?.();
    await Promise.resolve();
    await Promise.resolve();
  }

  it('limits how many runs wait for one caller and for all together, and keeps those that it has taken', async () => {
    const queue = makeQueue(0, 2);
    for (let others = 0; others < 9_997; others++) await queue.reserve(`other ${others}`);
    const leave = [await queue.reserve('a'), await queue.reserve('a')];
    await expect(queue.reserve('a')).rejects.toThrow(RateLimitedError);
    leave.push(await queue.reserve('b'));
    await expect(queue.reserve('c')).rejects.toThrow(OverloadedError);
    await expect(queue.reserve('c')).rejects.toMatchObject({ status: 503, retryAfterMs: 5_000 });
    await queue.put(makeJob('resumed'));
    leave[2]?.();
    await expect(queue.reserve('c')).rejects.toThrow(OverloadedError);
    queue.drop(makeJob('resumed'));
    leave[0]?.();
    await expect(queue.reserve('a')).resolves.toBeDefined();
  });

  it('begins runs by priority, then in order; queues a run only once', async () => {
    const queue = makeQueue(1);
    await queue.put(makeJob('first'));
    for (const [name, priority] of [
      ['late', 0],
      ['second', 5],
      ['third', 5],
      ['third', 5],
      ['urgent', 9],
    ] as const) {
      await queue.put(makeJob(name, { priority }));
    }
    expect([queue.waiting, queue.has('late'), queue.has('first')]).toEqual([4, true, false]);
    for (let ended = 0; ended < 5; ended++) await endLast();
    expect([begun, queue.atWork]).toEqual([['first', 'urgent', 'second', 'third', 'late'], 0]);
  });

  it('works on no more runs of a workflow than it allows, and lets others pass those that wait', async () => {
    const queue = makeQueue(9, 9, new Map([['narrow', 2]]));
    for (const id of ['one', 'two', 'three', 'four']) await queue.put(makeJob(id, { workflow: 'narrow' }));
    await queue.put(makeJob('other'));
    expect([begun, queue.waiting]).toEqual([['one', 'two', 'other'], 2]);
    await endLast();
    expect(begun).toEqual(['one', 'two', 'other']);
    ends.get('one')?.();
    await Promise.resolve();
    await Promise.resolve();
    expect([begun, queue.waiting]).toEqual([['one', 'two', 'other', 'three'], 1]);
  });

  it('lets others pass a run that its caller’s limits hold back, and looks at it again', async () => {
    const queue = makeQueue(9);
    held.add('a');
    await queue.put(makeJob('held'));
    await queue.put(makeJob('other', { owner: 'b' }));
    expect([begun, queue.waiting, queue.atWork]).toEqual([['other'], 1, 1]);
    held.clear();
    clock.advance(1_000);
    expect([begun, queue.waiting, queue.atWork]).toEqual([['other', 'held'], 0, 2]);
  });

  it('begins a run when its time has come, but not one that was dropped or still waits when the queue closes', async () => {
    const queue = makeQueue(9);
    const far = 40 * 86_400_000;
    await queue.put(makeJob('far', { runAt: clock.now() + far }));
    await queue.put(makeJob('dropped', { runAt: clock.now() + 1 }));
    queue.drop(makeJob('dropped'));
    clock.advance(far - 1);
    expect([begun, queue.waiting, queue.has('far')]).toEqual([[], 0, true]);
    clock.advance(1);
    expect(begun).toEqual(['far']);
    await queue.put(makeJob('later', { runAt: clock.now() + 1 }));
    await queue.close();
    clock.advance(far);
    expect([begun, queue.has('later')]).toEqual([['far'], false]);
  });
});
