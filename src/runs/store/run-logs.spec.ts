import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { readConfig } from '../../config/index.js';
import { RandomIdSource } from '../../kernel/index.js';
import { EmbeddedRunLogs } from './embedded-run-logs.js';
import { EmbeddedStore } from './embedded-store.js';
import type { LogBatch, RunLogStore } from './run-log-store.js';

const DAY_MS = 86_400_000;

let folder: string;
let clock: FakeClock;
let stores: EmbeddedStore[];
let logs: RunLogStore;
let documents: EmbeddedStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-logs-'));
  clock = new FakeClock();
  stores = [];
  logs = open();
});

afterEach(async () => {
  for (const store of stores) await store.onApplicationShutdown();
  await rm(folder, { recursive: true, force: true });
});

/** Opens the store; {@link documents} is that of the last one. */
function open(env: Readonly<Record<string, string>> = {}): RunLogStore {
  documents = new EmbeddedStore(readConfig({ RUNS_DIR: folder, ...env }, []), clock, new RandomIdSource());
  stores.push(documents);
  return new EmbeddedRunLogs(documents);
}

async function reopen(): Promise<RunLogStore> {
  await documents.onApplicationShutdown();
  return open();
}

const create = (id: string, owner = 'a'): Promise<void> =>
  logs.create({ id, owner, createdAt: clock.now(), request: `{"of":"${id}"}`, head: `"${id}"` });

function makeBatch(run: string, first: number, count: number, more: Partial<LogBatch> = {}): LogBatch {
  const events = Array.from({ length: count }, (_, place) => JSON.stringify({ n: first + place }));
  return { run, epoch: 0, first, events, ...more };
}

async function readAll(id: string, from = 0): Promise<readonly number[]> {
  const numbers: number[] = [];
  for (;;) {
    const page = await logs.read(id, from + numbers.length);
    if (page === undefined || page.events.length === 0) return numbers;
    numbers.push(...page.events.map((event) => (event as unknown as { n: number }).n));
  }
}

describe('a store of the logs of runs', () => {
  it('gives back what was appended, from every number on, after the process has ended, too', async () => {
    await create('r1');
    await create('r2');
    await expect(logs.append([makeBatch('r1', 0, 3), makeBatch('r2', 0, 1)])).resolves.toEqual([true, true]);
    await expect(logs.append([makeBatch('r1', 3, 2)])).resolves.toEqual([true]);
    logs = await reopen();
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
    const end = makeBatch('r1', 0, 1, { status: 'completed', finishedAt: clock.now() });
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
      status: 'queued',
      epoch: 0,
      createdAt: clock.now() - 1,
      head: '"r1"',
      length: 0,
    });
    await logs.append([makeBatch('r1', 0, 2, { status: 'running' })]);
    await expect(logs.find('r1', 'a')).resolves.toMatchObject({ status: 'running', length: 2 });
    expect((await logs.listUnfinished()).map(({ id, length }) => [id, length])).toEqual([
      ['r1', 2],
      ['r2', 0],
    ]);
    expect(await logs.read('r1', 2)).toEqual({ events: [], isOver: false });
    await logs.append([makeBatch('r1', 2, 1, { status: 'failed', finishedAt: clock.now() })]);
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

  it('keeps a run for a day after its end, and one that has not ended for as long as that takes', async () => {
    await create('r1');
    await create('r2');
    clock.advance(DAY_MS);
    await logs.append([makeBatch('r1', 0, 1, { status: 'completed', finishedAt: clock.now() })]);
    clock.advance(DAY_MS - 1);
    await expect(logs.find('r1', 'a')).resolves.toBeDefined();
    clock.advance(1);
    await expect(logs.find('r1', 'a')).resolves.toBeUndefined();
    await expect(logs.remove('r1', 'a')).resolves.toBe(false);
    await expect(logs.find('r2', 'a')).resolves.toBeDefined();
  });

  it('drops the log of a run whose document makes room for a newer one', async () => {
    await create('r1');
    await logs.append([makeBatch('r1', 0, 1)]);
    const document = { id: 'r1', owner: 'a', createdAt: clock.now(), json: '{}', parts: [] };
    await documents.put(document);
    // Put again while the run is at work, it takes nothing along.
    await documents.put(document);
    await logs.append([makeBatch('r1', 1, 1, { status: 'completed', finishedAt: clock.now() })]);
    expect(await readAll('r1')).toEqual([0, 1]);
    await documents.remove('r1', 'a');
    await expect(logs.find('r1', 'a')).resolves.toBeUndefined();
    await expect(logs.read('r1', 0)).resolves.toBeUndefined();
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

  it('makes no files for what nobody has created', async () => {
    const seen = [await logs.hasEarlier(), await logs.find('r1', 'a'), await logs.read('r1', 0)];
    expect(seen).toEqual([false, undefined, undefined]);
    await expect(logs.listUnfinished()).resolves.toEqual([]);
    await expect(readdir(folder)).resolves.toEqual([]);
  });
});
