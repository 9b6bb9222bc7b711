import { expect, it } from '@jest/globals';
import type { RunQuery } from '../../../src/runs/store/run-log-store.js';
import { DAY_MS, type StoreBench } from './store-bench.js';

/** Tests of every store: the records of runs, and their expiry. */
export function describeRecords(bench: StoreBench): void {
  it('knows the state of a run, and which runs have not ended', async () => {
    await bench.create('r1');
    bench.clock.advance(1);
    await bench.create('r2');
    await expect(bench.logs.find('r1', 'a')).resolves.toEqual({
      id: 'r1',
      owner: 'a',
      door: 'd',
      workflow: 'w',
      workflowVersion: undefined,
      model: 'm',
      createdAt: bench.clock.now() - 1,
      runAt: bench.clock.now() - 1,
      priority: 5,
      metadata: {},
      admission: { id: 'a' },
      head: '"r1"',
      status: 'queued',
      epoch: 0,
      attempts: 0,
      wake: 0,
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
    await bench.logs.append([bench.makeBatch('r1', 0, 2)]);
    await expect(bench.logs.find('r1', 'a')).resolves.toMatchObject({ length: 2 });
    expect((await bench.findLost()).map(({ id, length }) => [id, length])).toEqual([
      ['r1', 2],
      ['r2', 0],
    ]);
    expect(await bench.logs.read('r1', 2)).toEqual({ events: [], isOver: false });
    await bench.logs.append([bench.makeBatch('r1', 2, 1, { ending: bench.makeEnding({ status: 'failed' }) })]);
    expect(await bench.logs.read('r1', 3)).toEqual({ events: [], isOver: true });
    expect((await bench.findLost()).map(({ id }) => id)).toEqual(['r2']);
  });

  it('shows a run only to its owner, and removes a log with its run', async () => {
    await bench.create('r1');
    await bench.logs.append([bench.makeBatch('r1', 0, 2)]);
    await expect(bench.logs.find('r1', 'b')).resolves.toBeUndefined();
    await expect(bench.logs.remove('r1', 'b')).resolves.toBe(false);
    await expect(bench.logs.remove('r1', 'a')).resolves.toBe(true);
    await expect(bench.logs.remove('r1', 'a')).resolves.toBe(false);
    await expect(bench.logs.read('r1', 0)).resolves.toBeUndefined();
  });

  /** The identity of a request that a client may repeat. */
  const identity = { key: 'k', hash: 'h' };

  it('keeps the log of a run for a day after its end', async () => {
    await bench.create('r1', { segment: 's1', identity });
    bench.clock.advance(30 * DAY_MS);
    await bench.logs.append([bench.makeBatch('r1', 0, 1, { ending: bench.makeEnding() })]);
    bench.clock.advance(DAY_MS - 1);
    await expect(bench.logs.find('r1', 'a')).resolves.toMatchObject({ hasLog: true });
    expect(await bench.readAll('r1')).toEqual([0]);
    bench.clock.advance(1);
    for (const isSwept of [false, true]) {
      if (isSwept) await bench.stores.sweep();
      await expect(bench.logs.find('s1', 'a')).resolves.toMatchObject({ id: 'r1', hasLog: false, length: 1 });
      await expect(bench.logs.read('r1', 0)).resolves.toBeUndefined();
    }
    await expect(bench.logs.findRequest('r1')).resolves.toBeUndefined();
    // After this time, the same request starts another run.
    await expect(bench.create('r3', { identity })).resolves.toEqual({ kind: 'created' });
  });

  it('keeps the record of a run for 30 days after its end, however long the run takes', async () => {
    await bench.create('r1');
    await bench.create('r2');
    await bench.logs.append([bench.makeBatch('r1', 0, 1, { ending: bench.makeEnding() })]);
    bench.clock.advance(30 * DAY_MS);
    await expect(bench.logs.find('r1', 'a')).resolves.toBeUndefined();
    await bench.stores.sweep();
    await expect(bench.logs.remove('r1', 'a')).resolves.toBe(false);
    await expect(bench.logs.find('r2', 'a')).resolves.toMatchObject({ hasLog: true });
  });

  it('drops the log and the request of a run when the document of its segment is dropped to make room', async () => {
    await bench.create('r1', { segment: 's1' });
    await bench.logs.append([bench.makeBatch('r1', 0, 1)]);
    const { documents } = bench.stores;
    const document = {
      kind: 'response',
      id: 's1',
      owner: 'a',
      createdAt: bench.clock.now(),
      json: '{}',
      parts: [],
    } as const;
    await documents.put(document);
    // Storing the document again, while the run continues, removes nothing else.
    await documents.put(document);
    await bench.logs.append([bench.makeBatch('r1', 1, 1, { ending: bench.makeEnding() })]);
    expect(await bench.readAll('r1')).toEqual([0, 1]);
    await documents.remove('s1', 'a');
    await expect(bench.logs.find('s1', 'a')).resolves.toMatchObject({
      id: 'r1',
      status: 'completed',
      length: 2,
      hasLog: false,
    });
    await expect(bench.logs.read('r1', 0)).resolves.toBeUndefined();
    await expect(bench.logs.findRequest('r1')).resolves.toBeUndefined();
  });

  const putDocument = (id: string, more: { owner?: string; json?: string } = {}) =>
    bench.stores.documents.put({
      kind: 'response',
      id,
      owner: 'a',
      createdAt: bench.clock.now(),
      json: '{}',
      parts: [{ id: `of ${id}`, json: '1' }],
      ...more,
    });
  const findDocuments = async (...ids: readonly string[]): Promise<readonly boolean[]> =>
    Promise.all(ids.map(async (id) => (await bench.stores.documents.find(id, 'a')) !== undefined));

  it('drops the oldest documents of an owner whose documents take too much, and those of nobody else', async () => {
    await bench.reopen({ RESPONSES_MAX_BYTES: '100kb' });
    await expect(putDocument('large', { json: 'x'.repeat(100 * 1024) })).resolves.toBe('refused');
    await putDocument('other', { owner: 'b' });
    for (const id of ['d1', 'd2', 'd3', 'd4', 'd5']) {
      await putDocument(id, { json: 'x'.repeat(25 * 1024) });
      bench.clock.advance(1);
    }
    const { documents } = bench.stores;
    expect(await findDocuments('d1', 'd2', 'd3', 'd4', 'd5')).toEqual([false, false, true, true, true]);
    await expect(documents.findParts(['of d2', 'of d3'], 'a')).resolves.toEqual(new Map([['of d3', '1']]));
    await expect(documents.find('other', 'b')).resolves.toBeDefined();
  });

  it('drops the oldest documents of an owner with more than 10,000, and those of nobody else', async () => {
    await putDocument('other', { owner: 'b' });
    await bench.fill(10_000);
    await putDocument('last', { owner: 'b' });
    expect(await findDocuments('d1', 'd10000')).toEqual([true, true]);
    await putDocument('newest');
    // The store removes a tenth more than needed, so that not every new document has to make room.
    expect(await findDocuments('d1', 'd1001', 'd1002', 'd10000', 'newest')).toEqual([false, false, true, true, true]);
    await expect(bench.stores.documents.find('other', 'b')).resolves.toBeDefined();
  });

  it('keeps the document of an end only for the newest attempt, if it has not ended', async () => {
    const make = (epoch: number, json: string, id = 'r1') =>
      ({
        kind: 'response',
        id: 's1',
        owner: 'a',
        createdAt: bench.clock.now(),
        json,
        parts: [{ id: 'p1', json }],
        attempt: { id, epoch },
      }) as const;
    const { documents } = bench.stores;
    const find = async () => [
      (await documents.find('s1', 'a'))?.json,
      (await documents.findParts(['p1'], 'a')).get('p1'),
    ];
    await bench.create('r1', { segment: 's1' });
    const outcomes: unknown[] = [];
    outcomes.push(await documents.put(make(0, '"queued"')));
    await bench.logs.claim('r1', 'w1');
    outcomes.push(await documents.put(make(0, '"overtaken"')));
    expect(await find()).toEqual(['"queued"', '"queued"']);
    outcomes.push(await documents.put(make(1, '"end"')));
    await bench.logs.append([bench.makeBatch('r1', 0, 2, { epoch: 1, ending: bench.makeEnding() })]);
    outcomes.push(await documents.put(make(1, '"late"')));
    expect(await find()).toEqual(['"end"', '"end"']);
    // A refused document removes nothing else.
    expect(await bench.readAll('r1')).toEqual([0, 1]);
    outcomes.push(await documents.put(make(0, '"gone"', 'r2')));
    expect(outcomes).toEqual(['kept', 'overtaken', 'kept', 'overtaken', 'overtaken']);
  });

  it('finds a run by its own id and by those of its segments', async () => {
    await bench.create('r1', { segment: 's1' });
    for (const id of ['r1', 's1']) {
      await expect(bench.logs.find(id, 'a')).resolves.toMatchObject({ id: 'r1', segments: [{ id: 's1', from: 0 }] });
      await expect(bench.logs.find(id, 'b')).resolves.toBeUndefined();
    }
  });

  it('removes a run with the documents of its segments, only for its owner', async () => {
    await bench.create('r1', { segment: 's1' });
    await bench.create('r2');
    await bench.stores.documents.put({
      kind: 'response',
      id: 's1',
      owner: 'a',
      createdAt: bench.clock.now(),
      json: '{}',
      parts: [],
    });
    await expect(bench.logs.remove('r1', 'b')).resolves.toBe(false);
    await expect(bench.stores.documents.find('s1', 'a')).resolves.toBeDefined();
    await expect(bench.logs.remove('r1', 'a')).resolves.toBe(true);
    await expect(bench.logs.find('s1', 'a')).resolves.toBeUndefined();
    await expect(bench.stores.documents.find('s1', 'a')).resolves.toBeUndefined();
    await expect(bench.logs.find('r2', 'a')).resolves.toBeDefined();
  });

  it('keeps how a run ended, and what its client wants to find again', async () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    const metadata = { of: 'a client' };
    await bench.create('r1', { metadata, workflowVersion: '2', priority: 9, runAt: bench.clock.now() + 5 });
    const ending = bench.makeEnding({ finishReason: 'length', usage });
    await bench.logs.append([bench.makeBatch('r1', 0, 1, { ending })]);
    await bench.reopen();
    const more = { metadata, workflowVersion: '2', priority: 9, runAt: bench.clock.now() + 5, length: 1 };
    await expect(bench.logs.find('r1', 'a')).resolves.toMatchObject({ ...more, status: 'completed', ending });
  });

  it('creates one run for an owner and a key', async () => {
    await expect(bench.create('r1', { identity, segment: 's1' })).resolves.toEqual({ kind: 'created' });
    await expect(bench.create('r2', { identity, segment: 's2' })).resolves.toMatchObject({
      kind: 'exists',
      run: { id: 'r1', head: '"r1"', segments: [{ id: 's1' }] },
    });
    await expect(bench.create('r3', { identity: { key: 'k', hash: 'x' } })).resolves.toEqual({ kind: 'reused' });
    await expect(bench.create('r4', { identity, owner: 'b' })).resolves.toEqual({ kind: 'created' });
    for (const id of ['r2', 'r3', 's2']) await expect(bench.logs.find(id, 'a')).resolves.toBeUndefined();
    expect((await bench.findLost()).map(({ id }) => id)).toEqual(['r1', 'r4']);
  });

  it('says what the same request and a different one with the same key would get', async () => {
    await bench.create('r1', { identity });
    await expect(bench.logs.findRepeated('a', identity)).resolves.toMatchObject({
      kind: 'exists',
      run: { id: 'r1', head: '"r1"' },
    });
    await expect(bench.logs.findRepeated('a', { key: 'k', hash: 'x' })).resolves.toEqual({ kind: 'reused' });
    await expect(bench.logs.findRepeated('a', { key: 'l', hash: 'h' })).resolves.toBeUndefined();
    await expect(bench.create('r5', { identity: { key: 'l', hash: 'h' } })).resolves.toEqual({ kind: 'created' });
    await bench.logs.remove('r1', 'a');
    await expect(bench.create('r6', { identity })).resolves.toEqual({ kind: 'created' });
  });

  it('counts the queued runs of all owners, and says since when the oldest has been due', async () => {
    expect(await bench.logs.countWaiting()).toEqual({ due: 0, dueSince: undefined });
    const before = bench.clock.now();
    await bench.create('r1');
    await bench.create('r2', { owner: 'b' });
    await bench.create('later', { runAt: before + 60_000 });
    await bench.create('done');
    await bench.logs.append([bench.makeBatch('done', 0, 1, { ending: bench.makeEnding() })]);
    expect(await bench.logs.countWaiting()).toEqual({ due: 2, dueSince: before });
    await bench.claim('r1');
    await bench.logs.markCancelled('r2');
    await bench.logs.append([bench.makeBatch('r2', 0, 1, { ending: bench.makeEnding({ status: 'cancelled' }) })]);
    expect(await bench.logs.countWaiting()).toMatchObject({ due: 0, dueSince: undefined });
    bench.clock.advance(1_000);
    await bench.logs.release([{ id: 'r1', epoch: 1 }]);
    expect(await bench.logs.countWaiting()).toMatchObject({ due: 1, dueSince: before + 1_000 });
  });

  it('lists the runs of an owner in pages, by model and status, in both orders', async () => {
    for (const [place, id] of ['r1', 'r3', 'r2', 'r4'].entries()) {
      if (place !== 2) bench.clock.advance(1);
      await bench.create(id, { model: place < 2 ? 'm' : 'n' });
    }
    await bench.create('other', { owner: 'b' });
    await bench.logs.append([bench.makeBatch('r1', 0, 1, { ending: bench.makeEnding({ status: 'failed' }) })]);
    const list = async (more: Partial<RunQuery>): Promise<unknown> => {
      const page = await bench.logs.list({ owner: 'a', limit: 9, order: 'desc', ...more });
      return page && [page.runs.map(({ id }) => id), page.hasMore];
    };
    const pages: readonly (readonly [query: Partial<RunQuery>, page: unknown])[] = [
      [{}, [['r4', 'r3', 'r2', 'r1'], false]],
      [{ order: 'asc', limit: 2 }, [['r1', 'r2'], true]],
      [{ order: 'asc', limit: 2, after: 'r2' }, [['r3', 'r4'], false]],
      [{ limit: 1, after: 'r4' }, [['r3'], true]],
      [{ model: 'm' }, [['r3', 'r1'], false]],
      [{ status: 'failed' }, [['r1'], false]],
      [{ after: 'other' }, undefined],
      [{ after: 'r1' }, [[], false]],
    ];
    for (const [query, page] of pages) expect([query, await list(query)]).toEqual([query, page]);
  });
}
