import { expect, it } from '@jest/globals';
import type { WorkerOffer } from '../../../src/runs/store/run-log-store.js';
import type { StoreBench } from './store-bench.js';
import { makeWait } from './wait-cases.js';

/** Tests of every store: attempts to execute a run. */
export function describeAttempts(bench: StoreBench): void {
  it('says since when a run has been at work, and refuses events of an earlier attempt', async () => {
    await bench.create('r1');
    bench.clock.advance(5);
    const first = await bench.claim('r1');
    expect(first).toMatchObject({ request: '{"of":"r1"}', run: { status: 'running', epoch: 1, head: '"r1"' } });
    bench.clock.advance(5);
    const second = await bench.claim('r1');
    expect(second?.run).toMatchObject({ epoch: 2, startedAt: bench.clock.now() - 5 });
    await expect(bench.append([bench.makeBatch('r1', 0, 1, { epoch: 1 })])).resolves.toEqual([false]);
    await expect(
      bench.append([bench.makeBatch('r1', 0, 1, { epoch: 2, ending: bench.makeEnding() })]),
    ).resolves.toEqual([true]);
    await expect(bench.claim('r1')).resolves.toBeUndefined();
    await expect(bench.claim('r9')).resolves.toBeUndefined();
  });

  it('keeps each step once, with the events of its end, and none of an earlier attempt', async () => {
    await bench.create('r1');
    await bench.claim('r1');
    const steps = [{ node: 'n', json: '{"n":1}' }];
    const batch = bench.makeBatch('r1', 0, 1, { epoch: 1, steps });
    await expect(bench.append([batch])).resolves.toEqual([true]);
    await expect(bench.append([batch])).resolves.toEqual([true]);
    await bench.reopen();
    await expect(bench.claim('r1')).resolves.toMatchObject({ run: { epoch: 2, length: 1 }, steps: ['{"n":1}'] });
    const late = [{ node: 'm', json: '{}' }];
    await expect(bench.append([bench.makeBatch('r1', 1, 1, { epoch: 1, steps: late })])).resolves.toEqual([false]);
    await expect(bench.append([bench.makeBatch('r1', 2, 1, { epoch: 2, steps: late })])).resolves.toEqual([false]);
    await expect(bench.claim('r1')).resolves.toMatchObject({ steps: ['{"n":1}'], logLength: '[{"n":0}]'.length });
  });

  it('counts deaths in a row; a finished step resets the count, and letting a run go does not count', async () => {
    await bench.create('r1');
    const claim = async (): Promise<number | undefined> => (await bench.claim('r1'))?.run.deaths;
    expect([await claim(), await claim(), await claim()]).toEqual([0, 1, 2]);
    await bench.logs.append([bench.makeBatch('r1', 0, 1, { epoch: 3 })]);
    expect(await claim()).toBe(3);
    await bench.logs.append([bench.makeBatch('r1', 1, 1, { epoch: 4, steps: [{ node: 'n', json: '{}' }] })]);
    expect(await claim()).toBe(1);
    await bench.logs.release([{ id: 'r1', epoch: 4 }]);
    await expect(bench.logs.find('r1', 'a')).resolves.toMatchObject({ status: 'running' });
    await bench.logs.release([{ id: 'r1', epoch: 5 }]);
    await expect(bench.logs.find('r1', 'a')).resolves.toMatchObject({ status: 'queued' });
    expect(await claim()).toBe(1);
  });

  it('counts attempts, but not when a run continues with an answer or was let go before it began', async () => {
    await bench.create('r1');
    const read = async (): Promise<unknown> => (await bench.logs.find('r1', 'a'))?.attempts;
    const claim = async (): Promise<number> => (await bench.claim('r1'))?.run.epoch ?? 0;
    expect(await read()).toBe(0);
    await bench.logs.release([{ id: 'r1', epoch: await claim(), hasBegun: false }]);
    const waiting = bench.makeBatch('r1', 0, 1, { epoch: await claim(), waits: [makeWait(bench, 'a')] });
    expect([await bench.append([waiting]), await read()]).toEqual([[true], 1]);
    await bench.logs.answer({ run: 'r1', values: [{ node: 'a', json: '1' }] });
    // The process that continues after the answer has another release, so it passes the run on. The next process dies.
    await bench.logs.release([{ id: 'r1', epoch: await claim(), hasBegun: false }]);
    expect([await claim(), await read()]).toEqual([4, 1]);
    expect([await claim(), await read()]).toEqual([5, 2]);
    await bench.logs.release([{ id: 'r1', epoch: 5 }]);
    expect([await read(), await claim(), await read()]).toEqual([2, 6, 3]);
  });

  it('keeps when a failed run is to begin again, which does not count as a death', async () => {
    await bench.create('r1');
    await bench.claim('r1');
    const { deaths = 0, epoch = 0 } = (await bench.claim('r1'))?.run ?? {};
    const runAt = bench.clock.now() + 60_000;
    await bench.logs.release([{ id: 'r1', epoch, runAt }]);
    expect([deaths, await bench.logs.countWaiting()]).toEqual([1, { due: 0, dueSince: undefined }]);
    await bench.reopen();
    await expect(bench.logs.find('r1', 'a')).resolves.toMatchObject({ status: 'queued', runAt, deaths: 0 });
    await expect(bench.claim('r1')).resolves.toMatchObject({ run: { attempts: 3, runAt, deaths: 0 } });
    await bench.logs.release([{ id: 'r1', epoch: 3 }]);
    await expect(bench.logs.find('r1', 'a')).resolves.toMatchObject({ runAt });
  });

  it('counts the time in which a run was at work, but not the time in which no process had it', async () => {
    await bench.create('r1');
    const readTime = async (): Promise<unknown> => (await bench.logs.find('r1', 'a'))?.activeMs;
    bench.clock.advance(100);
    await bench.claim('r1');
    bench.clock.advance(5);
    expect(await bench.logs.keepAlive([{ id: 'r1', epoch: 1 }])).toEqual([]);
    // The process counts as dead from now on.
    bench.clock.advance(100);
    await bench.claim('r1');
    const attempts = [
      { id: 'r1', epoch: 1 },
      { id: 'r1', epoch: 2 },
      { id: 'removed', epoch: 1 },
    ];
    expect(await bench.logs.keepAlive(attempts)).toEqual(['r1', 'removed']);
    bench.clock.advance(7);
    await bench.logs.release([{ id: 'r1', epoch: 2 }]);
    bench.clock.advance(100);
    expect(await readTime()).toBe(12);
    await bench.claim('r1');
    bench.clock.advance(9);
    await bench.logs.append([bench.makeBatch('r1', 0, 1, { epoch: 3, ending: bench.makeEnding() })]);
    expect(await readTime()).toBe(21);
  });

  it('keeps the request to cancel a run, unless the run is over', async () => {
    await bench.create('r1');
    await bench.create('r2');
    await bench.logs.append([bench.makeBatch('r2', 0, 1, { ending: bench.makeEnding() })]);
    for (const id of ['r1', 'r2']) await bench.logs.markCancelled(id);
    await bench.reopen();
    expect((await bench.findLost()).map(({ id, isCancelled }) => [id, isCancelled])).toEqual([['r1', true]]);
    await expect(bench.logs.find('r2', 'a')).resolves.toMatchObject({ isCancelled: false });
  });

  it('counts how often a run was queued, and begins only the newest entry', async () => {
    await bench.create('r1');
    await expect(bench.logs.claim('r1', 'worker', 0)).resolves.toMatchObject({ run: { epoch: 1, wake: 0 } });
    await bench.logs.release([{ id: 'r1', epoch: 1 }]);
    await expect(bench.logs.find('r1', 'a')).resolves.toMatchObject({ status: 'queued', wake: 1 });
    await expect(bench.logs.claim('r1', 'worker', 0)).resolves.toBeUndefined();
    await expect(bench.logs.claim('r1', 'worker', 1)).resolves.toMatchObject({ run: { epoch: 2, deaths: 0 } });
  });

  it('tells the writer of a run that its cancellation was requested', async () => {
    await bench.create('r1');
    await bench.claim('r1');
    const append = (first: number): Promise<unknown> =>
      bench.logs.append([bench.makeBatch('r1', first, 1, { epoch: 1 })]);
    expect(await append(0)).toEqual([{ isKept: true, isCancelled: false }]);
    await bench.logs.markCancelled('r1');
    expect(await append(1)).toEqual([{ isKept: true, isCancelled: true }]);
  });

  it('counts the queued runs of an owner', async () => {
    for (const id of ['r1', 'r2', 'r3']) await bench.create(id);
    await bench.create('other', { owner: 'b' });
    await bench.claim('r1');
    await bench.append([bench.makeBatch('r2', 0, 1, { ending: bench.makeEnding({ status: 'cancelled' }) })]);
    await expect(bench.logs.countQueued('a')).resolves.toBe(1);
  });

  it('knows what living processes have: workflows by hash and id, and doors', async () => {
    await bench.logs.beat('worker', { graphs: ['g1', 'g2'], workflows: ['w'], doors: [] });
    await bench.logs.beat('worker', { graphs: ['g2', 'g3'], workflows: ['w'], doors: ['d'] });
    const findOffered = (kind: keyof WorkerOffer, names: readonly string[]): Promise<readonly boolean[]> =>
      Promise.all(names.map((name) => bench.logs.isOffered(kind, name)));
    await expect(findOffered('graphs', ['g1', 'g2', 'g3', 'w', 'd'])).resolves.toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
    await expect(findOffered('workflows', ['w', 'g2'])).resolves.toEqual([true, false]);
    await expect(findOffered('doors', ['d', 'w'])).resolves.toEqual([true, false]);
  });
}
