import { expect, it } from '@jest/globals';
import type { KeptSchedule } from '../../../src/runs/store/schedule-store.js';
import type { StoreBench } from './store-bench.js';

/** Tests of every store: schedules. */
export function describeSchedules(bench: StoreBench): void {
  const make = (id: string, next: number | undefined, more: Partial<KeptSchedule> = {}): KeptSchedule => {
    return { owner: 'a', id, createdAt: bench.clock.now(), json: '{}', next, fault: undefined, ...more };
  };

  it('keeps the next time of a schedule that is put again unchanged', async () => {
    const { schedules } = bench.stores;
    const first = make('s1', 10);
    expect(await schedules.put(first, 2)).toEqual(first);
    await schedules.advance({ ...first, fault: '"f"' }, 10, 20);
    bench.clock.advance(1);
    expect(await schedules.put(make('s1', 15), 2)).toEqual({ ...first, next: 20, fault: '"f"' });
    expect(await schedules.put(make('s1', 15, { json: '{"a":1}' }), 2)).toEqual({
      ...first,
      next: 15,
      json: '{"a":1}',
    });
  });

  it('keeps the schedules of each owner, up to the limit', async () => {
    const { schedules } = bench.stores;
    const first = make('s1', 10);
    await schedules.put(first, 2);
    expect(await schedules.put(make('s2', undefined), 2)).toMatchObject({ id: 's2', next: undefined });
    expect(await schedules.put(make('s3', 1), 2)).toBeUndefined();
    // There is no limit for the schedules of workflows.
    expect(await schedules.put(make('w1', 1, { owner: 'w' }), Number.MAX_SAFE_INTEGER)).toMatchObject({ id: 'w1' });
    expect(await schedules.put(make('s3', 1, { owner: 'b' }), 2)).toMatchObject({ owner: 'b' });
    expect((await schedules.list('a')).map(({ id }) => id)).toEqual(['s1', 's2']);
  });

  it('finds and removes schedules only for their owners', async () => {
    const { schedules } = bench.stores;
    const first = make('s1', 10);
    await schedules.put(first, 2);
    expect(await schedules.find({ owner: 'b', id: 's1' })).toBeUndefined();
    expect([await schedules.remove({ owner: 'b', id: 's1' }), await schedules.remove(first)]).toEqual([false, true]);
    expect(await schedules.find(first)).toBeUndefined();
  });

  it('finds schedules that are due, the longest due first, and advances each once', async () => {
    const { schedules } = bench.stores;
    expect([await schedules.findDue(99, 9, 0), await schedules.findNext()]).toEqual([[], undefined]);
    for (const [id, next] of Object.entries({ late: 30, first: 10, second: 20, never: undefined })) {
      await schedules.put(make(id, next), 9);
    }
    const findIds = async (...query: Parameters<typeof schedules.findDue>): Promise<readonly string[]> =>
      (await schedules.findDue(...query)).map(({ id }) => id);
    expect(await findIds(20, 9, 0)).toEqual(['first', 'second']);
    expect(await findIds(30, 1, 1)).toEqual(['second']);
    await schedules.advance(make('first', 10), 10, 40);
    // Another process starts the run of the same time, but later.
    await schedules.advance(make('first', 10), 10, 50);
    expect([await findIds(30, 9, 0), await schedules.findNext()]).toEqual([['second', 'late'], 20]);
    expect(await schedules.find({ owner: 'a', id: 'first' })).toMatchObject({ next: 40 });
    await schedules.advance(make('late', 30), 30, undefined);
    expect(await findIds(99, 9, 0)).toEqual(['second', 'first']);
  });
}
