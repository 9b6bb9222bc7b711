import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Clock } from '../../src/kernel/index.js';
import type { DocumentStore } from '../../src/runs/index.js';
import type {
  Creation,
  LogBatch,
  LoggedEnding,
  NewLoggedRun,
  RunLogStore,
  RunQuery,
} from '../../src/runs/store/run-log-store.js';
import { FakeClock } from './fake-clock.js';

const DAY_MS = 86_400_000;

/** A store that is open. */
export interface OpenStores {
  readonly logs: RunLogStore;
  /** What is kept beside the logs, in the same place. */
  readonly documents: DocumentStore;
  /** Removes what has expired, as the store does by itself from time to time. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

/** One adapter of the port, for one test after the other. */
export interface StoreAdapter {
  /** Opens what the test before has not seen; what this test has written is there when it opens again. */
  open(clock: Clock): OpenStores;
  /** True if the place of this test holds nothing at all. */
  isUntouched(): Promise<boolean>;
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** Every adapter of {@link RunLogStore} has to pass this. */
export function describeRunLogStore(name: string, adapter: StoreAdapter): void {
  let clock: FakeClock;
  let stores: OpenStores;
  let logs: RunLogStore;

  beforeEach(async () => {
    await adapter.begin();
    clock = new FakeClock();
    stores = adapter.open(clock);
    logs = stores.logs;
  });

  afterEach(async () => {
    await stores.close();
    await adapter.end();
  });

  /** The process ends, and another one begins. */
  async function reopen(): Promise<void> {
    await stores.close();
    stores = adapter.open(clock);
    logs = stores.logs;
  }

  function create(id: string, more: Partial<NewLoggedRun> = {}): Promise<Creation> {
    return logs.create({
      id,
      owner: 'a',
      door: 'd',
      workflow: 'w',
      workflowVersion: undefined,
      model: 'm',
      createdAt: clock.now(),
      runAt: clock.now(),
      priority: 5,
      metadata: {},
      admission: { id: 'a' },
      request: `{"of":"${id}"}`,
      head: `"${id}"`,
      ...more,
    });
  }

  function makeBatch(run: string, first: number, count: number, more: Partial<LogBatch> = {}): LogBatch {
    const events = Array.from({ length: count }, (_, place) => JSON.stringify({ n: first + place }));
    return { run, epoch: 0, first, events, ...more };
  }

  const makeEnding = (more: Partial<LoggedEnding> = {}): LoggedEnding => ({
    status: 'completed',
    finishedAt: clock.now(),
    ...more,
  });

  async function readAll(id: string, from = 0): Promise<readonly number[]> {
    const numbers: number[] = [];
    for (;;) {
      const page = await logs.read(id, from + numbers.length);
      if (page === undefined || page.events.length === 0) return numbers;
      numbers.push(...page.events.map((event) => (event as unknown as { n: number }).n));
    }
  }

  describe(`${name}: a store of the logs of runs`, () => {
    it('gives back what was appended, from every number on, after the process has ended, too', async () => {
      await create('r1');
      await create('r2');
      await expect(logs.append([makeBatch('r1', 0, 3), makeBatch('r2', 0, 1)])).resolves.toEqual([true, true]);
      await expect(logs.append([makeBatch('r1', 3, 2)])).resolves.toEqual([true]);
      await reopen();
      for (let from = 0; from <= 5; from++) {
        expect(await readAll('r1', from)).toEqual([0, 1, 2, 3, 4].slice(from));
      }
      expect(await readAll('r2')).toEqual([0]);
      await expect(logs.findRequest('r1')).resolves.toBe('{"of":"r1"}');
    });

    it('takes a batch once, however often it is sent, and none that would leave a gap', async () => {
      await create('r1');
      const first = makeBatch('r1', 0, 2);
      await expect(logs.append([first])).resolves.toEqual([true]);
      await expect(logs.append([first])).resolves.toEqual([true]);
      await expect(logs.append([makeBatch('r1', 3, 1)])).resolves.toEqual([false]);
      await expect(logs.append([makeBatch('r1', 1, 2)])).resolves.toEqual([false]);
      expect(await readAll('r1')).toEqual([0, 1]);
    });

    it('takes nothing of a run that is over, was begun by somebody else, or was removed', async () => {
      await create('r1');
      await create('r2');
      const end = makeBatch('r1', 0, 1, { ending: makeEnding() });
      await expect(logs.append([end, makeBatch('r2', 0, 1, { epoch: 1 })])).resolves.toEqual([true, false]);
      // Its answer may have been lost.
      await expect(logs.append([end])).resolves.toEqual([true]);
      await expect(logs.append([makeBatch('r1', 1, 1)])).resolves.toEqual([false]);
      await logs.remove('r2', 'a');
      await expect(logs.append([makeBatch('r2', 0, 1)])).resolves.toEqual([false]);
      expect(await readAll('r1')).toEqual([0]);
    });

    it('knows where a run stands, and which have not ended', async () => {
      await create('r1');
      clock.advance(1);
      await create('r2');
      await expect(logs.find('r1', 'a')).resolves.toEqual({
        id: 'r1',
        owner: 'a',
        door: 'd',
        workflow: 'w',
        workflowVersion: undefined,
        model: 'm',
        createdAt: clock.now() - 1,
        runAt: clock.now() - 1,
        priority: 5,
        metadata: {},
        admission: { id: 'a' },
        head: '"r1"',
        status: 'queued',
        epoch: 0,
        startedAt: undefined,
        activeMs: 0,
        aliveAt: undefined,
        deaths: 0,
        isCancelled: false,
        ending: undefined,
        length: 0,
        hasLog: true,
        segments: [],
      });
      await logs.append([makeBatch('r1', 0, 2)]);
      await expect(logs.find('r1', 'a')).resolves.toMatchObject({ length: 2 });
      expect((await logs.listUnfinished()).map(({ id, length }) => [id, length])).toEqual([
        ['r1', 2],
        ['r2', 0],
      ]);
      expect(await logs.read('r1', 2)).toEqual({ events: [], isOver: false });
      await logs.append([makeBatch('r1', 2, 1, { ending: makeEnding({ status: 'failed' }) })]);
      expect(await logs.read('r1', 3)).toEqual({ events: [], isOver: true });
      expect((await logs.listUnfinished()).map(({ id }) => id)).toEqual(['r2']);
    });

    it('shows nothing to others than the owner, and removes a log with its run', async () => {
      await create('r1');
      await logs.append([makeBatch('r1', 0, 2)]);
      await expect(logs.find('r1', 'b')).resolves.toBeUndefined();
      await expect(logs.remove('r1', 'b')).resolves.toBe(false);
      await expect(logs.remove('r1', 'a')).resolves.toBe(true);
      await expect(logs.remove('r1', 'a')).resolves.toBe(false);
      await expect(logs.read('r1', 0)).resolves.toBeUndefined();
    });

    it('keeps the log of a run for a day after its end, its record for 30, and one that has not ended as long as that takes', async () => {
      const identity = { key: 'k', hash: 'h' };
      await create('r1', { segment: 's1', identity });
      await create('r2');
      clock.advance(30 * DAY_MS);
      await logs.append([makeBatch('r1', 0, 1, { ending: makeEnding() })]);
      clock.advance(DAY_MS - 1);
      await expect(logs.find('r1', 'a')).resolves.toMatchObject({ hasLog: true });
      expect(await readAll('r1')).toEqual([0]);
      clock.advance(1);
      for (const isSwept of [false, true]) {
        if (isSwept) await stores.sweep();
        await expect(logs.find('s1', 'a')).resolves.toMatchObject({ id: 'r1', hasLog: false, length: 1 });
        await expect(logs.read('r1', 0)).resolves.toBeUndefined();
      }
      await expect(logs.findRequest('r1')).resolves.toBeUndefined();
      // A request that comes again so late is another one.
      await expect(create('r3', { identity })).resolves.toEqual({ kind: 'created' });
      clock.advance(29 * DAY_MS);
      await expect(logs.find('r1', 'a')).resolves.toBeUndefined();
      await stores.sweep();
      await expect(logs.remove('r1', 'a')).resolves.toBe(false);
      await expect(logs.find('r2', 'a')).resolves.toMatchObject({ hasLog: true });
    });

    it('drops the log of a run, and what it was asked, when the document of its segment makes room', async () => {
      await create('r1', { segment: 's1' });
      await logs.append([makeBatch('r1', 0, 1)]);
      const { documents } = stores;
      const document = { id: 's1', owner: 'a', createdAt: clock.now(), json: '{}', parts: [] };
      await documents.put(document);
      // Put again while the run is at work, it takes nothing along.
      await documents.put(document);
      await logs.append([makeBatch('r1', 1, 1, { ending: makeEnding() })]);
      expect(await readAll('r1')).toEqual([0, 1]);
      await documents.remove('s1', 'a');
      await expect(logs.find('s1', 'a')).resolves.toMatchObject({
        id: 'r1',
        status: 'completed',
        length: 2,
        hasLog: false,
      });
      await expect(logs.read('r1', 0)).resolves.toBeUndefined();
      await expect(logs.findRequest('r1')).resolves.toBeUndefined();
    });

    it('finds a run by its own id and by those of its segments, and removes their documents with it', async () => {
      await create('r1', { segment: 's1' });
      await create('r2');
      await stores.documents.put({ id: 's1', owner: 'a', createdAt: clock.now(), json: '{}', parts: [] });
      for (const id of ['r1', 's1']) {
        await expect(logs.find(id, 'a')).resolves.toMatchObject({ id: 'r1', segments: [{ id: 's1', from: 0 }] });
        await expect(logs.find(id, 'b')).resolves.toBeUndefined();
      }
      await expect(logs.remove('r1', 'b')).resolves.toBe(false);
      await expect(stores.documents.find('s1', 'a')).resolves.toBeDefined();
      await expect(logs.remove('r1', 'a')).resolves.toBe(true);
      await expect(logs.find('s1', 'a')).resolves.toBeUndefined();
      await expect(stores.documents.find('s1', 'a')).resolves.toBeUndefined();
      await expect(logs.find('r2', 'a')).resolves.toBeDefined();
    });

    it('keeps how a run ended, and what its client wants to find again', async () => {
      const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
      const metadata = { of: 'a client' };
      await create('r1', { metadata, workflowVersion: '2', priority: 9, runAt: clock.now() + 5 });
      const ending = makeEnding({ finishReason: 'length', usage });
      await logs.append([makeBatch('r1', 0, 1, { ending })]);
      await reopen();
      const more = { metadata, workflowVersion: '2', priority: 9, runAt: clock.now() + 5, length: 1 };
      await expect(logs.find('r1', 'a')).resolves.toMatchObject({ ...more, status: 'completed', ending });
    });

    it('says for how long a run was begun, and takes nothing of whoever began it before', async () => {
      await create('r1');
      clock.advance(5);
      const first = await logs.claim('r1');
      expect(first).toMatchObject({ request: '{"of":"r1"}', run: { status: 'running', epoch: 1, head: '"r1"' } });
      clock.advance(5);
      const second = await logs.claim('r1');
      expect(second?.run).toMatchObject({ epoch: 2, startedAt: clock.now() - 5 });
      await expect(logs.append([makeBatch('r1', 0, 1, { epoch: 1 })])).resolves.toEqual([false]);
      await expect(logs.append([makeBatch('r1', 0, 1, { epoch: 2, ending: makeEnding() })])).resolves.toEqual([true]);
      await expect(logs.claim('r1')).resolves.toBeUndefined();
      await expect(logs.claim('r9')).resolves.toBeUndefined();
    });

    it('keeps steps with the events of their end, each once, and none of an attempt that is over', async () => {
      await create('r1');
      await logs.claim('r1');
      const steps = [{ node: 'n', json: '{"n":1}' }];
      const batch = makeBatch('r1', 0, 1, { epoch: 1, steps });
      await expect(logs.append([batch])).resolves.toEqual([true]);
      await expect(logs.append([batch])).resolves.toEqual([true]);
      await reopen();
      await expect(logs.claim('r1')).resolves.toMatchObject({ run: { epoch: 2, length: 1 }, steps: ['{"n":1}'] });
      const late = [{ node: 'm', json: '{}' }];
      await expect(logs.append([makeBatch('r1', 1, 1, { epoch: 1, steps: late })])).resolves.toEqual([false]);
      await expect(logs.append([makeBatch('r1', 2, 1, { epoch: 2, steps: late })])).resolves.toEqual([false]);
      await expect(logs.claim('r1')).resolves.toMatchObject({ steps: ['{"n":1}'], logLength: '[{"n":0}]'.length });
    });

    it('counts deaths in a row, which a finished step ends, and letting go is none', async () => {
      await create('r1');
      const claim = async (): Promise<number | undefined> => (await logs.claim('r1'))?.run.deaths;
      expect([await claim(), await claim(), await claim()]).toEqual([0, 1, 2]);
      await logs.append([makeBatch('r1', 0, 1, { epoch: 3 })]);
      expect(await claim()).toBe(3);
      await logs.append([makeBatch('r1', 1, 1, { epoch: 4, steps: [{ node: 'n', json: '{}' }] })]);
      expect(await claim()).toBe(1);
      await logs.release([{ id: 'r1', epoch: 4 }]);
      await expect(logs.find('r1', 'a')).resolves.toMatchObject({ status: 'running' });
      await logs.release([{ id: 'r1', epoch: 5 }]);
      await expect(logs.find('r1', 'a')).resolves.toMatchObject({ status: 'queued' });
      expect(await claim()).toBe(1);
    });

    it('counts the time in which a run was at work, and none in which nobody had it', async () => {
      await create('r1');
      const readTime = async (): Promise<unknown> => (await logs.find('r1', 'a'))?.activeMs;
      clock.advance(100);
      await logs.claim('r1');
      clock.advance(5);
      await logs.keepAlive([{ id: 'r1', epoch: 1 }]);
      // Dead from now on.
      clock.advance(100);
      await logs.claim('r1');
      await logs.keepAlive([{ id: 'r1', epoch: 1 }]);
      clock.advance(7);
      await logs.release([{ id: 'r1', epoch: 2 }]);
      clock.advance(100);
      expect(await readTime()).toBe(12);
      await logs.claim('r1');
      clock.advance(9);
      await logs.append([makeBatch('r1', 0, 1, { epoch: 3, ending: makeEnding() })]);
      expect(await readTime()).toBe(21);
    });

    it('keeps that a run was asked to be cancelled, unless it is over', async () => {
      await create('r1');
      await create('r2');
      await logs.append([makeBatch('r2', 0, 1, { ending: makeEnding() })]);
      for (const id of ['r1', 'r2']) await logs.markCancelled(id);
      await reopen();
      expect((await logs.listUnfinished()).map(({ id, isCancelled }) => [id, isCancelled])).toEqual([['r1', true]]);
      await expect(logs.find('r2', 'a')).resolves.toMatchObject({ isCancelled: false });
    });

    it('creates one run for an owner and a key, and says what an equal and another request get', async () => {
      const identity = { key: 'k', hash: 'h' };
      await expect(create('r1', { identity, segment: 's1' })).resolves.toEqual({ kind: 'created' });
      await expect(create('r2', { identity, segment: 's2' })).resolves.toMatchObject({
        kind: 'exists',
        run: { id: 'r1', head: '"r1"', segments: [{ id: 's1' }] },
      });
      await expect(create('r3', { identity: { key: 'k', hash: 'x' } })).resolves.toEqual({ kind: 'reused' });
      await expect(create('r4', { identity, owner: 'b' })).resolves.toEqual({ kind: 'created' });
      await expect(logs.findRepeated('a', identity)).resolves.toMatchObject({
        kind: 'exists',
        run: { id: 'r1', head: '"r1"' },
      });
      await expect(logs.findRepeated('a', { key: 'k', hash: 'x' })).resolves.toEqual({ kind: 'reused' });
      await expect(logs.findRepeated('a', { key: 'l', hash: 'h' })).resolves.toBeUndefined();
      await expect(create('r5', { identity: { key: 'l', hash: 'h' } })).resolves.toEqual({ kind: 'created' });
      for (const id of ['r2', 'r3', 's2']) await expect(logs.find(id, 'a')).resolves.toBeUndefined();
      expect((await logs.listUnfinished()).map(({ id }) => id)).toEqual(['r1', 'r4', 'r5']);
      await logs.remove('r1', 'a');
      await expect(create('r6', { identity })).resolves.toEqual({ kind: 'created' });
    });

    it('lists the runs of an owner in pages, by model and status, in both orders', async () => {
      for (const [place, id] of ['r1', 'r3', 'r2', 'r4'].entries()) {
        if (place !== 2) clock.advance(1);
        await create(id, { model: place < 2 ? 'm' : 'n' });
      }
      await create('other', { owner: 'b' });
      await logs.append([makeBatch('r1', 0, 1, { ending: makeEnding({ status: 'failed' }) })]);
      const list = async (more: Partial<RunQuery>): Promise<unknown> => {
        const page = await logs.list({ owner: 'a', limit: 9, order: 'desc', ...more });
        return page && [page.runs.map(({ id }) => id), page.hasMore];
      };
      expect(await list({})).toEqual([['r4', 'r3', 'r2', 'r1'], false]);
      expect(await list({ order: 'asc', limit: 2 })).toEqual([['r1', 'r2'], true]);
      expect(await list({ order: 'asc', limit: 2, after: 'r2' })).toEqual([['r3', 'r4'], false]);
      expect(await list({ limit: 1, after: 'r4' })).toEqual([['r3'], true]);
      expect(await list({ model: 'm' })).toEqual([['r3', 'r1'], false]);
      expect(await list({ status: 'failed' })).toEqual([['r1'], false]);
      expect(await list({ after: 'other' })).toBeUndefined();
      expect(await list({ after: 'r1' })).toEqual([[], false]);
    });

    it('gives a long log in pieces', async () => {
      await create('r1');
      for (let first = 0; first < 450; first++) await logs.append([makeBatch('r1', first, 1)]);
      expect((await logs.read('r1', 0))?.events).toHaveLength(200);
      await logs.append([
        makeBatch('r1', 450, 1, { events: [JSON.stringify({ n: 450, text: 'x'.repeat(300 * 1024) })] }),
      ]);
      await logs.append([makeBatch('r1', 451, 1)]);
      expect((await logs.read('r1', 449))?.events).toHaveLength(2);
      expect(await readAll('r1')).toEqual(Array.from({ length: 452 }, (_, number) => number));
    });

    it('packs the log of a run that is over, and every page has the same events as before', async () => {
      await create('r1');
      const batches = Array.from({ length: 700 }, (_, place) => makeBatch('r1', place * 2, 2));
      await logs.append(batches);
      const big = JSON.stringify({ n: 1_400, text: '😀'.repeat(200 * 1024) });
      await logs.append([makeBatch('r1', 1_400, 1, { events: [big] })]);
      await logs.pack('r1');
      expect(await readAll('r1')).toHaveLength(1_401);
      await logs.append([makeBatch('r1', 1_401, 1, { ending: makeEnding() })]);
      const before = await logs.read('r1', 1_395);
      await logs.pack('r1');
      await logs.pack('r1');
      await reopen();
      for (const from of [0, 1, 249, 250, 251, 999, 1_400, 1_401, 1_402]) {
        expect(await readAll('r1', from)).toEqual(Array.from({ length: 1_402 - from }, (_, place) => from + place));
      }
      expect((await logs.read('r1', 1_395))?.events).toEqual([
        ...(before?.events ?? []),
        ...((await logs.read('r1', 1_395 + (before?.events.length ?? 0)))?.events ?? []),
      ]);
      expect((await logs.read('r1', 0))?.events.length).toBeLessThanOrEqual(1_250);
    });

    it('makes no files for what nobody has created', async () => {
      const seen = [await logs.hasEarlier(), await logs.find('r1', 'a'), await logs.read('r1', 0)];
      expect(seen).toEqual([false, undefined, undefined]);
      await expect(logs.listUnfinished()).resolves.toEqual([]);
      await expect(logs.list({ owner: 'a', limit: 1, order: 'asc' })).resolves.toEqual({ runs: [], hasMore: false });
      await expect(adapter.isUntouched()).resolves.toBe(true);
    });
  });
}
