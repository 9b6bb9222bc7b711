import { expect, it } from '@jest/globals';
import type { OpenWait } from '../../../src/engine/index.js';
import type { KeptWait } from '../../../src/runs/store/kept-wait.js';
import { DAY_MS, type StoreBench } from './store-bench.js';

/** A time in the future of every clock. */
const FAR = Date.UTC(2100, 0, 1);

export function makeWait(bench: StoreBench, node: string, more: Partial<OpenWait> = {}): OpenWait {
  const name = node.toUpperCase();
  const shown = { draft: 'with \0 and 😀' };
  const schema = { type: 'object' };
  return { name, node, callId: `call_${node}`, shown, schema, askedAt: bench.clock.now(), expiresAt: FAR, ...more };
}

/** Tests of every store: runs that wait for answers. */
export function describeWaits(bench: StoreBench): void {
  const open = (node: string, more?: Partial<OpenWait>): OpenWait => makeWait(bench, node, more);

  /** Executes the run for 5 ms, stores one event, and lets the run wait. */
  async function wait(id: string, waits: readonly OpenWait[], first = 0): Promise<void> {
    const claimed = await bench.claim(id);
    bench.clock.advance(5);
    const batch = bench.makeBatch(id, first, 1, { epoch: claimed?.run.epoch ?? 0, waits });
    const taken = await bench.append([batch]);
    if (taken[0] !== true) throw new Error(`The store refuses the wait of ${id}`);
  }

  async function createWaiting(id: string, ...waits: readonly OpenWait[]): Promise<void> {
    await bench.create(id, { segment: `${id}-first` });
    await wait(id, waits);
  }

  const answer = (run: string, values: Record<string, unknown>, segment?: string): Promise<unknown> =>
    bench.logs.answer({
      run,
      values: Object.entries(values).map(([node, value]) => ({ node, json: JSON.stringify(value) })),
      segment: segment === undefined ? undefined : { id: segment, head: `"${segment}"` },
    });

  const listAnswers = async (run: string): Promise<readonly KeptWait['answer'][]> =>
    (await bench.logs.findWaits(run)).map((kept) => kept.answer);

  it('keeps what a run waits for, in order', async () => {
    await createWaiting('r1', open('b'), open('a', { expiresAt: null, shown: null }));
    await bench.reopen();
    await expect(bench.logs.find('r1', 'a')).resolves.toMatchObject({ status: 'waiting', activeMs: 5, wake: 0 });
    const waits = [
      { ...open('b', { askedAt: bench.clock.now() - 5 }), answer: undefined },
      { ...open('a', { askedAt: bench.clock.now() - 5, expiresAt: null, shown: null }), answer: undefined },
    ];
    await expect(bench.logs.findWaits('r1')).resolves.toEqual(waits);
    const page = await bench.logs.list({ owner: 'a', status: 'waiting', limit: 1, order: 'asc' });
    expect(page?.runs.map(({ id }) => id)).toEqual(['r1']);
  });

  it('gives a waiting run to no process, and does not sweep it away', async () => {
    await createWaiting('r1', open('b'), open('a', { expiresAt: null, shown: null }));
    bench.clock.advance(DAY_MS);
    await expect(bench.claim('r1')).resolves.toBeUndefined();
    await bench.logs.keepAlive([{ id: 'r1', epoch: 1 }]);
    await bench.logs.release([{ id: 'r1', epoch: 1 }]);
    await expect(bench.findLost()).resolves.toEqual([]);
    await expect(bench.logs.findUnreadTime('r1', 'worker')).resolves.toBeUndefined();
    await bench.stores.sweep();
    await expect(bench.logs.find('r1', 'a')).resolves.toMatchObject({ status: 'waiting', activeMs: 5, hasLog: true });
  });

  it('counts a run that waits by its open waits, and not among those that are queued', async () => {
    await createWaiting('r1', open('b'), open('a'));
    bench.clock.advance(DAY_MS);
    await expect(bench.logs.countQueued('a')).resolves.toBe(0);
    await expect(bench.logs.countWaiting()).resolves.toEqual({ due: 0, dueSince: undefined });
    await expect(bench.logs.countOpenWaits()).resolves.toEqual({ open: 2, oldestAt: bench.clock.now() - DAY_MS - 5 });
  });

  it('takes all answers of a request or none, and only the first to each wait', async () => {
    await createWaiting('r1', open('a'), open('b'), open('c'));
    await expect(answer('r1', { a: 1, d: 1 })).resolves.toBeUndefined();
    await expect(answer('r9', { a: 1 })).resolves.toBeUndefined();
    expect(await listAnswers('r1')).toEqual([undefined, undefined, undefined]);
    await expect(answer('r1', { b: 1 })).resolves.toMatchObject({ status: 'waiting', wake: 0 });
    await expect(answer('r1', { b: 2 })).resolves.toBeUndefined();
    await expect(answer('r1', { b: 2, c: 2 })).resolves.toBeUndefined();
  });

  /**
   * Answers one of three waits, and later the other two.
   * @returns their answers, and the times of both
   */
  async function answerAll() {
    await createWaiting('r1', open('a'), open('b'), open('c'));
    bench.clock.advance(3);
    const at = bench.clock.now();
    const first = await answer('r1', { b: { ok: true, text: '\0' } }, 's1');
    const early = await bench.claim('r1');
    bench.clock.advance(3);
    const last = await answer('r1', { c: null, a: 'x' }, 's2');
    const answers = [
      { at: at + 3, value: 'x', segment: 's2', order: 2 },
      { at, value: { ok: true, text: '\0' }, segment: 's1', order: 0 },
      { at: at + 3, value: null, segment: 's2', order: 1 },
    ];
    return { at, first, early, last, answers };
  }

  it('lets a run continue when no wait is open, in the segment of the last answer', async () => {
    const { first, early, last } = await answerAll();
    expect(first).toMatchObject({ status: 'waiting', wake: 0, segments: [{ id: 'r1-first' }] });
    expect(early).toBeUndefined();
    const segments = [
      { id: 'r1-first', from: 0, head: undefined },
      { id: 's2', from: 1, head: '"s2"' },
    ];
    expect(last).toMatchObject({ id: 'r1', status: 'queued', wake: 1, epoch: 1, head: '"r1"', segments });
    await expect(answer('r1', { a: 1 })).resolves.toBeUndefined();
    await expect(bench.logs.find('s2', 'a')).resolves.toMatchObject({ id: 'r1', activeMs: 5 });
    await expect(bench.logs.find('s1', 'a')).resolves.toBeUndefined();
  });

  it('gives the answers to a run that continues', async () => {
    const { at, answers } = await answerAll();
    await bench.reopen();
    expect(await listAnswers('r1')).toEqual(answers);
    // The run waited for its answers and not for a process, so its waiting time starts at the last answer.
    await expect(bench.logs.countWaiting()).resolves.toEqual({ due: 1, dueSince: at + 3 });
    await expect(bench.logs.claim('r1', 'worker', 0)).resolves.toBeUndefined();
    const claimed = await bench.logs.claim('r1', 'worker', 1);
    expect(claimed).toMatchObject({ run: { status: 'running', epoch: 2, deaths: 0 }, request: '{"of":"r1"}' });
    expect(claimed?.waits.map((kept) => [kept.node, kept.answer])).toEqual([
      ['a', answers[0]],
      ['b', answers[1]],
      ['c', answers[2]],
    ]);
    await expect(bench.logs.countOpenWaits()).resolves.toEqual({ open: 0, oldestAt: undefined });
  });

  /** Two waits of a run in its second attempt, with a step before them. */
  async function beginSecond() {
    await bench.create('r1');
    await bench.claim('r1');
    await bench.claim('r1');
    const steps = [{ node: 'n', json: '{}' }];
    return bench.makeBatch('r1', 0, 1, { epoch: 2, steps, waits: [open('a'), open('b')] });
  }

  it('opens a wait once, however often it is sent', async () => {
    const batch = await beginSecond();
    await expect(bench.append([{ ...batch, epoch: 1 }])).resolves.toEqual([false]);
    for (const _ of [1, 2]) await expect(bench.append([batch])).resolves.toEqual([true]);
    await expect(bench.logs.find('r1', 'a')).resolves.toMatchObject({ status: 'waiting', deaths: 0 });
    await answer('r1', { a: 1 });
    await answer('r1', { b: 2 });
    await expect(bench.append([batch])).resolves.toEqual([true]);
    await expect(bench.logs.find('r1', 'a')).resolves.toMatchObject({ status: 'queued', wake: 1 });
  });

  it('waits again with the earlier steps, and never for a run that is over', async () => {
    await bench.append([await beginSecond()]);
    await answer('r1', { a: 1 });
    await answer('r1', { b: 2 });
    await wait('r1', [open('c'), open('b', { callId: 'call_other' })], 1);
    const waits = await bench.logs.findWaits('r1');
    expect(waits.map(({ node, callId, answer: kept }) => [node, callId, kept?.value])).toEqual([
      ['a', 'call_a', 1],
      ['b', 'call_b', 2],
      ['c', 'call_c', undefined],
    ]);
    await expect(answer('r1', { c: 3 })).resolves.toMatchObject({ status: 'queued', wake: 2 });
    await expect(bench.claim('r1')).resolves.toMatchObject({ run: { epoch: 4, deaths: 0 }, steps: ['{}'] });
  });

  const draft = 'The office in Lisbon opens on Monday. '.repeat(20);
  const [request, json] = [JSON.stringify({ draft }), JSON.stringify({ node: 'draft', output: draft })];
  /**
   * Makes a run with a log of 304 events that waits for `a`.
   * @returns the claim of its first attempt
   */
  async function createLong() {
    await bench.create('r1', { request });
    const first = await bench.claim('r1');
    const steps = [{ node: 'draft', json }];
    await bench.append([bench.makeBatch('r1', 0, 3, { epoch: 1, steps })]);
    await bench.append([bench.makeBatch('r1', 3, 300, { epoch: 1 })]);
    await bench.append([bench.makeBatch('r1', 303, 1, { epoch: 1, waits: [open('a', { shown: { draft } })] })]);
    return first;
  }

  it('packs what is kept of a waiting run, and readers see no difference', async () => {
    const first = await createLong();
    await Promise.all([bench.logs.pack('r1'), bench.logs.pack('r1')]);
    await bench.reopen();
    expect(await bench.readAll('r1')).toHaveLength(304);
    expect((await bench.logs.findWaits('r1'))[0]).toMatchObject({ shown: { draft }, schema: { type: 'object' } });
    expect([first?.request, await bench.logs.findRequest('r1')]).toEqual([request, request]);
  });

  it('gives the next attempt of a packed run the same as before', async () => {
    await createLong();
    const length = Array.from({ length: 304 }, (_, n) => JSON.stringify({ n })).join(',').length;
    await bench.logs.pack('r1');
    await answer('r1', { a: { draft } });
    const second = await bench.claim('r1');
    expect(second).toMatchObject({ run: { epoch: 2, length: 304 }, request, steps: [json] });
    expect(second?.waits[0]).toMatchObject({ shown: { draft }, answer: { value: { draft } } });
    // The difference is commas and brackets, which depend on how the rows are cut.
    expect(Math.abs((second?.logLength ?? 0) - length)).toBeLessThan(10);
  });

  it('packs a run each time that it waits, and when it has ended', async () => {
    await createLong();
    await bench.logs.pack('r1');
    await answer('r1', { a: { draft } });
    await bench.claim('r1');
    await bench.append([bench.makeBatch('r1', 304, 2, { epoch: 2, steps: [{ node: 'more', json }] })]);
    await bench.append([bench.makeBatch('r1', 306, 1, { epoch: 2, waits: [open('b')] })]);
    await bench.logs.pack('r1');
    expect(await bench.readAll('r1', 302)).toEqual([302, 303, 304, 305, 306]);
    await answer('r1', { b: 1 });
    await expect(bench.claim('r1')).resolves.toMatchObject({ run: { length: 307 }, steps: [json, json] });
    await bench.append([bench.makeBatch('r1', 307, 1, { epoch: 3, ending: bench.makeEnding() })]);
    await bench.logs.pack('r1');
    expect(await bench.readAll('r1')).toEqual(Array.from({ length: 308 }, (_, number) => number));
  });

  it('begins a segment where an attempt continues, and none for one that is over', async () => {
    await createWaiting('r1', open('a'));
    await answer('r1', { a: 1 });
    const { epoch = 0 } = (await bench.claim('r1'))?.run ?? {};
    await bench.logs.addSegment({ id: 'r1', epoch: epoch - 1 }, { id: 'late', head: '"late"' });
    await bench.logs.addSegment({ id: 'r1', epoch }, { id: 'next', head: '"next"' });
    const { segments } = (await bench.logs.find('next', 'a')) ?? {};
    expect(segments).toEqual([
      { id: 'r1-first', from: 0, head: undefined },
      { id: 'next', from: 1, head: '"next"' },
    ]);
  });

  it('ends a waiting run under its own epoch, and does not count the time of waiting', async () => {
    await createWaiting('r1', open('a'), open('b', { expiresAt: 0 }));
    await answer('r1', { a: 1 });
    await bench.logs.markCancelled('r1');
    bench.clock.advance(DAY_MS);
    const end = bench.makeBatch('r1', 1, 1, { epoch: 1, ending: bench.makeEnding({ status: 'cancelled' }) });
    await expect(bench.append([end])).resolves.toEqual([true]);
    await expect(bench.logs.find('r1', 'a')).resolves.toMatchObject({ status: 'cancelled', activeMs: 5, length: 2 });
    await expect(answer('r1', { b: 1 })).resolves.toBeUndefined();
    await expect(bench.logs.expireWaits()).resolves.toEqual({ runs: [], nextAt: undefined });
    await expect(bench.logs.countOpenWaits()).resolves.toMatchObject({ open: 0 });
    expect((await listAnswers('r1')).map((kept) => kept?.value)).toEqual([1, undefined]);
  });

  /** Makes an expired wait, an open one and an answered one, and two waits of other runs. */
  async function createExpired(): Promise<void> {
    const now = bench.clock.now();
    await createWaiting('r1', open('a', { expiresAt: now }), open('b'), open('c', { expiresAt: now + 1 }));
    await createWaiting('r2', open('d'));
    await createWaiting('r3', open('e', { expiresAt: null }));
    await answer('r1', { c: 3 });
  }

  it('ends expired waits once, and says when the next one expires', async () => {
    await createExpired();
    const { runs, nextAt } = await bench.logs.expireWaits();
    expect(runs).toMatchObject([{ id: 'r1', status: 'queued', wake: 1, owner: 'a', segments: [{ id: 'r1-first' }] }]);
    expect(nextAt).toBeGreaterThan(bench.clock.now());
    await expect(bench.logs.expireWaits()).resolves.toMatchObject({ runs: [] });
    const [first, second, third] = await listAnswers('r1');
    expect(first).toEqual({ at: expect.any(Number), isExpired: true, order: 1 });
    expect([second, third]).toEqual([undefined, expect.objectContaining({ value: 3, order: 0 })]);
    await expect(answer('r1', { a: 1 })).resolves.toBeUndefined();
  });

  it('waits for the others again after one has expired', async () => {
    await createExpired();
    await bench.logs.expireWaits();
    // The run continues with the expired wait, and waits for the others again.
    await wait('r1', [open('b')], 1);
    await expect(bench.logs.find('r1', 'a')).resolves.toMatchObject({ status: 'waiting', activeMs: 10 });
    await expect(answer('r1', { b: 2 }, 's2')).resolves.toMatchObject({ status: 'queued', wake: 2 });
    await expect(bench.logs.expireWaits()).resolves.toMatchObject({ runs: [], nextAt: expect.any(Number) });
    await bench.logs.remove('r2', 'a');
    await expect(bench.logs.expireWaits()).resolves.toEqual({ runs: [], nextAt: undefined });
  });

  it('finds a run by the call with which it asked, for its owner, as long as it is kept', async () => {
    await createWaiting('r1', open('a'));
    await expect(bench.logs.findRunOfCall('call_a', 'a')).resolves.toMatchObject({ id: 'r1', head: '"r1"' });
    await expect(bench.logs.findRunOfCall('call_a', 'b')).resolves.toBeUndefined();
    await expect(bench.logs.findRunOfCall('call_\0', 'a')).resolves.toBeUndefined();
    await answer('r1', { a: 1 });
    await bench.claim('r1');
    await bench.append([bench.makeBatch('r1', 1, 1, { epoch: 2, ending: bench.makeEnding() })]);
    bench.clock.advance(30 * DAY_MS - 1);
    await bench.stores.sweep();
    await expect(bench.logs.findRunOfCall('call_a', 'a')).resolves.toMatchObject({ id: 'r1', hasLog: false });
    bench.clock.advance(1);
    await expect(bench.logs.findRunOfCall('call_a', 'a')).resolves.toBeUndefined();
    await bench.stores.sweep();
    await expect(bench.logs.findWaits('r1')).resolves.toEqual([]);
  });
}
