import { expect, it } from '@jest/globals';
import { eventually } from '../eventually.js';
import type { StoreBench } from './store-bench.js';
import { makeWait } from './wait-cases.js';

const OFFER = { graphs: [], workflows: [], doors: [] };

/** Tests of stores that several processes use at the same time. */
export function describeSharing(bench: StoreBench): void {
  it('refuses events of a process whose run another one has begun, and takes those of the other', async () => {
    const other = bench.openOther();
    await bench.create('r1');
    await bench.logs.claim('r1', 'one');
    await bench.append([bench.makeBatch('r1', 0, 2, { epoch: 1 })]);
    await expect(other.logs.claim('r1', 'two')).resolves.toMatchObject({ run: { epoch: 2, deaths: 1, length: 2 } });
    const steps = [{ node: 'n', json: '{}' }];
    const late = bench.makeBatch('r1', 2, 1, { epoch: 1, steps, ending: bench.makeEnding() });
    await expect(bench.append([late])).resolves.toEqual([false]);
    const next = bench.makeBatch('r1', 2, 1, { epoch: 2 });
    await expect(other.logs.append([next])).resolves.toEqual([{ isKept: true, isCancelled: false }]);
    expect(await bench.logs.keepAlive([{ id: 'r1', epoch: 1 }])).toEqual(['r1']);
    await bench.logs.release([{ id: 'r1', epoch: 1 }]);
    await expect(bench.logs.find('r1', 'a')).resolves.toMatchObject({ status: 'running', epoch: 2, length: 3 });
  });

  it('lets only one of several processes begin a run that was queued once', async () => {
    const stores = [bench.stores, bench.openOther(), bench.openOther()];
    await bench.create('r1');
    const claims = await Promise.all(stores.map(({ logs }, place) => logs.claim('r1', `w${place}`, 0)));
    // Each later claim takes the run over from the previous one, so only the last one may write.
    const epochs = claims.map((claimed) => claimed?.run.epoch ?? 0).toSorted((one, two) => one - two);
    expect(epochs).toEqual([1, 2, 3]);
    const kept = await Promise.all(
      stores.map(({ logs }, place) =>
        logs.append([bench.makeBatch('r1', 0, 1, { epoch: claims[place]?.run.epoch ?? 0 })]),
      ),
    );
    expect(kept.flat().filter(({ isKept }) => isKept)).toHaveLength(1);
  });

  it('leaves a run to its process while that reports that it is alive, unless it has dropped the run', async () => {
    const other = bench.openOther();
    for (const id of ['r1', 'r2']) {
      await bench.create(id);
      await bench.logs.claim(id, 'one', 0);
    }
    await bench.logs.beat('one', OFFER);
    const take = async (id: string): Promise<unknown> => [
      (await other.logs.claim(id, 'two', 0))?.run.epoch,
      await other.logs.isAtWork(id, 0),
    ];
    await bench.adapter.age(4_000);
    expect(await take('r1')).toEqual([undefined, true]);
    const appended = await bench.append([bench.makeBatch('r1', 0, 1, { epoch: 1 })]);
    expect([await other.logs.isAtWork('r1', 1), appended]).toEqual([false, [true]]);
    await bench.adapter.age(1_000);
    expect(await other.logs.isAtWork('r1', 0)).toBe(false);
    expect((await take('r1')) as unknown[]).toEqual([2, false]);
    // The process is alive, but has not confirmed the run for a long time.
    await bench.adapter.age(30_000);
    await bench.logs.beat('one', OFFER);
    expect((await other.logs.findLost([], 'nobody')).map(({ id }) => id)).toContain('r2');
    await expect(other.logs.claim('r2', 'two', 1)).resolves.toMatchObject({ run: { epoch: 2 } });
  });

  it('creates one run where equal requests come to several processes at the same time', async () => {
    const identity = { key: 'k', hash: 'h' };
    const other = bench.openOther();
    const creations = await Promise.all([
      bench.create('r1', { identity }),
      other.logs.create(bench.makeRun('r2', { identity })),
    ]);
    expect(creations.map(({ kind }) => kind).toSorted()).toEqual(['created', 'exists']);
  });

  it('appends a batch once that is sent twice at the same time, and confirms it both times', async () => {
    await bench.create('r1');
    await bench.claim('r1');
    for (let first = 0; first < 20; first++) {
      const batch = bench.makeBatch('r1', first, 1, { epoch: 1 });
      const sent = [bench.append([batch]), bench.append([batch])];
      expect(await Promise.all(sent)).toEqual([[true], [true]]);
    }
    expect(await bench.readAll('r1')).toHaveLength(20);
  });

  it('tells the process that may end a run for how long the run has had no reader', async () => {
    const other = bench.openOther();
    await bench.create('r1');
    await bench.create('r2');
    await bench.logs.bindToReaders('r1');
    await other.logs.markRead(['r1', 'r2', 'unknown']);
    const unread = (id: string, worker: string): Promise<number | undefined> => bench.logs.findUnreadTime(id, worker);
    // No process tracks readers of an unbound run, so its time is always known.
    expect([await unread('r1', 'any'), await unread('r2', 'any')]).toEqual([expect.any(Number), expect.any(Number)]);
    expect(await unread('r1', 'any')).toBeLessThan(60_000);
    await other.logs.claim('r1', 'two');
    expect([await unread('r1', 'one'), await unread('r1', 'two')]).toEqual([undefined, expect.any(Number)]);
    await other.logs.append([bench.makeBatch('r1', 0, 1, { epoch: 1, ending: bench.makeEnding() })]);
    expect(await unread('r1', 'two')).toBeUndefined();
  });

  it('keeps one of several answers that come at the same time, and ends the wait in one process', async () => {
    const ids = Array.from({ length: 12 }, (_, place) => `r${place}`);
    const stores = [bench.stores, bench.openOther(), bench.openOther(), bench.openOther()];
    for (const id of ids) {
      await bench.create(id);
      await bench.claim(id);
      const callId = `call_${id}`;
      const waits = [makeWait(bench, 'a', { callId }), makeWait(bench, 'b', { callId: `${callId}b`, expiresAt: 0 })];
      await bench.append([bench.makeBatch(id, 0, 1, { epoch: 1, waits })]);
    }
    const [answers, ...expiries] = await Promise.all([
      Promise.all(
        ids.flatMap((run) =>
          stores.map(({ logs }, place) => logs.answer({ run, values: [{ node: 'a', json: String(place) }] })),
        ),
      ),
      ...stores.map(({ logs }) => logs.expireWaits()),
    ]);
    // A second search finds the waits that were being answered during the first.
    const { runs } = await bench.logs.expireWaits();
    const expired = [...expiries.flatMap((expiry) => expiry.runs), ...runs].map(({ id }) => id);
    expect(expired.toSorted()).toEqual(ids.toSorted());
    const kept = answers.flatMap((run) => run?.id ?? []);
    expect(new Set(kept).size).toBe(kept.length);
    for (const id of ids) {
      const [first, second] = await bench.logs.findWaits(id);
      const orders = new Set([first?.answer?.order, second?.answer?.order]);
      expect(orders).toEqual(new Set([0, kept.includes(id) ? 1 : undefined]));
      expect(second?.answer?.isExpired).toBe(true);
      await expect(bench.logs.find(id, 'a')).resolves.toMatchObject({ status: 'queued', wake: 1 });
    }
  });

  it('tells other processes of events, waits and answers, a cancellation, a run that was let go, and one that was removed', async () => {
    const heard: string[] = [];
    const own: unknown[] = [];
    const other = bench.openOther();
    other.logs.watchChanges((runs) => heard.push(...(runs === 'unknown' ? [runs] : runs)));
    bench.logs.watchChanges((runs) => own.push(runs));
    await Promise.all([bench.create('r1'), other.logs.find('r1', 'a')]);
    await eventually(() => heard.length + own.length === 2);
    await bench.claim('r1');
    const waits = [makeWait(bench, 'a'), makeWait(bench, 'b', { expiresAt: 0 })];
    const changes = [
      () => bench.append([bench.makeBatch('r1', 0, 1, { epoch: 1, waits })]),
      () => bench.logs.answer({ run: 'r1', values: [{ node: 'a', json: '1' }] }),
      () => bench.logs.expireWaits(),
      () => bench.logs.markCancelled('r1'),
      () => bench.claim('r1').then(() => bench.logs.release([{ id: 'r1', epoch: 2 }])),
      () => bench.logs.remove('r1', 'a'),
    ];
    for (const change of changes) {
      heard.length = 0;
      await change();
      await eventually(() => heard.length > 0);
      expect(heard).toEqual(['r1']);
    }
    expect(own).toEqual(['unknown']);
  });

  it('finds a run that has been queued for 15 s, once and in one process, and one at work that has been silent for 30 s', async () => {
    const other = bench.openOther();
    const find = async (): Promise<unknown> => [
      (await bench.logs.findLost([], 'nobody')).map(({ id }) => id),
      (await other.logs.findLost([], 'nobody')).map(({ id }) => id),
    ];
    await bench.create('waiting');
    bench.clock.advance(1);
    for (const id of ['silent', 'alive']) {
      await bench.create(id);
      await bench.claim(id);
    }
    await bench.create('due later', { runAt: Date.UTC(2100, 0, 1) });
    // The clock of the process that got this request is wrong.
    await bench.create('due now', { createdAt: Date.UTC(2100, 0, 1), runAt: Date.UTC(2100, 0, 1) });
    await bench.adapter.age(14_000);
    expect(await find()).toEqual([[], []]);
    await bench.adapter.age(2_000);
    await bench.logs.keepAlive([{ id: 'alive', epoch: 1 }]);
    expect(await find()).toEqual([['waiting', 'due now'], []]);
    await bench.adapter.age(14_500);
    expect(await find()).toEqual([['silent'], []]);
    // The queue may never release the earlier job, because it uses the clock of the process that had it.
    await expect(bench.logs.find('silent', 'a')).resolves.toMatchObject({ status: 'running', wake: 1 });
    await bench.adapter.age(1_000);
    expect(await find()).toEqual([['waiting', 'due now'], []]);
  });

  it('finds the runs of a process that has not reported for 7 s that it is alive', async () => {
    for (const id of ['r1', 'r2']) await bench.create(id);
    await bench.logs.claim('r1', 'one');
    await bench.logs.claim('r2', 'two');
    const find = async (): Promise<unknown> => (await bench.logs.findLost([], 'nobody')).map(({ id }) => id);
    await bench.logs.beat('one', OFFER);
    await bench.adapter.age(6_000);
    expect(await find()).toEqual([]);
    await bench.logs.beat('two', OFFER);
    await bench.adapter.age(2_000);
    expect([await find(), await find()]).toEqual([['r1'], []]);
    await expect(bench.openOther().logs.claim('r1', 'two', 1)).resolves.toMatchObject({ run: { epoch: 2 } });
  });

  it('finds at once the runs that a process has left, unless another process has them or they have ended', async () => {
    const other = bench.openOther();
    for (const id of ['waiting', 'claimed', 'taken over', 'ended', 'not left']) await bench.create(id);
    for (const id of ['claimed', 'taken over', 'ended', 'not left']) await bench.logs.claim(id, 'one');
    await other.logs.claim('taken over', 'two');
    await bench.append([bench.makeBatch('ended', 0, 1, { epoch: 1, ending: bench.makeEnding() })]);
    const left = ['claimed', 'ended', 'taken over', 'unknown', 'waiting'];
    const found = await bench.logs.findLost(left, 'one');
    expect(found.map(({ id, status, epoch, wake }) => [id, status, epoch, wake])).toEqual([
      ['claimed', 'running', 1, 0],
      ['waiting', 'queued', 0, 0],
    ]);
  });

  it('knows the workflows of other processes as long as those are alive', async () => {
    const other = bench.openOther();
    await bench.logs.beat('one', { ...OFFER, graphs: ['old'] });
    await other.logs.beat('two', { ...OFFER, graphs: ['new'] });
    await expect(other.logs.isOffered('graphs', 'old')).resolves.toBe(true);
    await bench.adapter.age(31_000);
    await other.logs.beat('two', { ...OFFER, graphs: ['new'] });
    await expect(other.logs.isOffered('graphs', 'old')).resolves.toBe(false);
    await expect(other.logs.isOffered('graphs', 'new')).resolves.toBe(true);
  });

  it('gives all processes the same secret for a name', async () => {
    const other = bench.openOther();
    const found = await Promise.all([bench.logs.findSecret('s', '1'), other.logs.findSecret('s', '2')]);
    expect(new Set(found).size).toBe(1);
  });
}
