import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import {
  describeRunLogStore,
  MUCH_LATER,
  type OpenStores,
  type Settings,
} from '../../../test/support/run-store/index.js';
import { readConfig } from '../../config/index.js';
import { type Clock, RandomIdSource } from '../../kernel/index.js';
import { EmbeddedRunLogs } from './embedded-run-logs.js';
import { EmbeddedSchedules } from './embedded-schedules.js';
import { EmbeddedStore } from './embedded-store.js';
import { SqliteThread } from './sqlite/sqlite-thread.js';

let folder: string;

async function begin(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'millrace-logs-'));
}

function open(clock: Clock, settings: Settings = {}): OpenStores {
  const documents = new EmbeddedStore(readConfig({ RUNS_DIR: folder, ...settings }, []), clock, new RandomIdSource());
  return {
    documents,
    logs: new EmbeddedRunLogs(documents),
    schedules: new EmbeddedSchedules(documents),
    sweep: () => documents.useRunLogs((logs) => logs.sweep()),
    close: () => documents.onApplicationShutdown(),
  };
}

async function fill(count: number): Promise<void> {
  const thread = await SqliteThread.open(join(folder, 'runs.db'));
  await thread.transact([
    [
      `insert into documents (id, owner, created, expires, length, json)
         with recursive numbers (n) as (values (1) union all select n + 1 from numbers where n < ?)
         select 'd' || n, 'a', n, ?, 2, '{}' from numbers`,
      [count, MUCH_LATER],
    ],
  ]);
  await thread.close();
}

const end = (): Promise<void> => rm(folder, { recursive: true, force: true });

describeRunLogStore('SQLite', { begin, open, fill, age: () => Promise.resolve(), end });

it('makes no files before the first run', async () => {
  await begin();
  const stores = open(new FakeClock());
  const { logs } = stores;
  try {
    expect([await logs.hasEarlier(), await logs.find('r1', 'a'), await logs.read('r1', 0)]).toEqual([
      false,
      undefined,
      undefined,
    ]);
    await expect(logs.findLost([], 'nobody')).resolves.toEqual([]);
    await expect(logs.list({ owner: 'a', limit: 1, order: 'asc' })).resolves.toEqual({ runs: [], hasMore: false });
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await stores.close();
    await end();
  }
});
