import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readConfig } from '../../config/index.js';
import { OverloadedError } from '../../errors/index.js';
import { RandomIdSource } from '../../kernel/index.js';
import { FakeClock } from '../../../test/support/fake-clock.js';
import type { StoredDocument } from './document-store.js';
import { EmbeddedStore } from './embedded-store.js';
import { SqliteThread } from './sqlite/sqlite-thread.js';

const DAY_MS = 86_400_000;

let folder: string;
let clock: FakeClock;
let stores: EmbeddedStore[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-store-'));
  clock = new FakeClock();
  stores = [];
});

afterEach(async () => {
  for (const store of stores) await store.onApplicationShutdown();
  await rm(folder, { recursive: true, force: true });
});

function open(env: Readonly<Record<string, string>> = {}): EmbeddedStore {
  const config = readConfig({ RUNS_DIR: folder, ...env }, []);
  const store = new EmbeddedStore(config, clock, new RandomIdSource());
  stores.push(store);
  return store;
}

function make(id: string, more: Partial<StoredDocument> = {}): StoredDocument {
  return { kind: 'response', id, owner: 'a', createdAt: clock.now(), json: `{"of":"${id}"}`, parts: [], ...more };
}

describe('EmbeddedStore', () => {
  it('finds a document even after the process has ended', async () => {
    const first = open();
    await expect(first.put(make('d1'))).resolves.toBe('kept');
    await expect(first.find('d1', 'a')).resolves.toEqual({ json: '{"of":"d1"}' });
    await first.onApplicationShutdown();
    await expect(open().find('d1', 'a')).resolves.toEqual({ json: '{"of":"d1"}' });
  });

  it('puts a document in place of an older one with its id', async () => {
    const store = open();
    await store.put(make('d1', { parts: [{ id: 'p1', json: '1' }] }));
    await store.put(make('d1', { json: '"new"', parts: [{ id: 'p2', json: '2' }] }));
    await expect(store.find('d1', 'a')).resolves.toEqual({ json: '"new"' });
    await expect(store.findParts(['p1', 'p2'], 'a')).resolves.toEqual(new Map([['p2', '2']]));
  });

  it('shows nothing to others than the owner', async () => {
    const store = open();
    await store.put(make('d1', { parts: [{ id: 'p1', json: '1' }] }));
    const seen = [await store.find('d1', 'b'), await store.findParts(['p1'], 'b'), await store.remove('d1', 'b')];
    expect(seen).toEqual([undefined, new Map(), false]);
    await expect(store.find('d1', 'a')).resolves.toBeDefined();
  });

  it('removes a document once, and its parts with it', async () => {
    const store = open();
    await store.put(make('d1', { parts: [{ id: 'p1', json: '1' }] }));
    await expect(store.remove('d1', 'a')).resolves.toBe(true);
    await expect(store.remove('d1', 'a')).resolves.toBe(false);
    await expect(store.findParts(['p1'], 'a')).resolves.toEqual(new Map());
  });

  it('keeps a document for a day by default, and then neither finds nor removes it', async () => {
    const start = clock.now();
    const first = open();
    await first.put(make('d1', { parts: [{ id: 'p1', json: '1' }] }));
    await first.onApplicationShutdown();
    clock = new FakeClock(start + DAY_MS - 1);
    const later = open();
    await expect(later.find('d1', 'a')).resolves.toBeDefined();
    clock.advance(1);
    const seen = [await later.find('d1', 'a'), await later.findParts(['p1'], 'a'), await later.remove('d1', 'a')];
    expect(seen).toEqual([undefined, new Map(), false]);
  });

  it('makes no files before the first document', async () => {
    const store = open();
    await expect(store.find('d1', 'a')).resolves.toBeUndefined();
    await expect(store.remove('d1', 'a')).resolves.toBe(false);
    await expect(readdir(folder)).resolves.toEqual([]);
  });

  it('keeps nothing where RUNS is off', async () => {
    const store = open({ RUNS: 'off' });
    await expect(store.put(make('d1'))).resolves.toBe('refused');
    await expect(readdir(folder)).resolves.toEqual([]);
  });

  it('keeps documents in memory where the folder cannot be written to', async () => {
    const store = open({ RUNS_DIR: '/sys/millrace' });
    await expect(store.put(make('d1'))).resolves.toBe('kept');
    await expect(store.find('d1', 'a')).resolves.toBeDefined();
  });

  it.each(['runs', 'runs/below'])('keeps documents in memory where RUNS_DIR is no folder: %s', async (path) => {
    await writeFile(join(folder, 'runs'), 'a file');
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    try {
      const store = open({ RUNS_DIR: join(folder, path) });
      await expect(store.canLast()).resolves.toBe(false);
      await expect(store.put(make('d1'))).resolves.toBe('kept');
      await expect(store.find('d1', 'a')).resolves.toBeDefined();
      expect(warn.mock.calls.map(([text]) => String(text))).toEqual([expect.stringContaining('are kept in memory')]);
    } finally {
      warn.mockRestore();
    }
  });

  it('says that documents last, even if their folder does not exist yet', async () => {
    await expect(open({ RUNS_DIR: join(folder, 'new', 'runs') }).canLast()).resolves.toBe(true);
  });

  it('says once, in one line, that its database is damaged, leaves it there, and works when it is moved away', async () => {
    const file = join(folder, 'runs.db');
    const damage = 'no database at all '.repeat(1_000);
    await writeFile(file, damage);
    const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    try {
      const store = open();
      await expect(store.find('d1', 'a')).rejects.toThrow(OverloadedError);
      clock.advance(2_000);
      await expect(store.put(make('d1'))).rejects.toThrow(OverloadedError);
      expect(error.mock.calls).toEqual([
        [expect.stringContaining(`(${file}) cannot be read: file is not a database.`)],
      ]);
      await expect(readFile(file, 'utf8')).resolves.toBe(damage);
      await rename(file, `${file}.old`);
      clock.advance(2_000);
      await expect(store.put(make('d1'))).resolves.toBe('kept');
    } finally {
      error.mockRestore();
    }
  });

  it('lets one process have the folder, and the next one when that has gone', async () => {
    const first = open();
    await first.put(make('d1'));
    const second = open();
    await expect(second.put(make('d2'))).rejects.toThrow(OverloadedError);
    expect([first.canKeep, second.canKeep]).toEqual([true, false]);
    await first.onApplicationShutdown();
    // Not tried again at once.
    await expect(second.put(make('d2'))).rejects.toThrow(OverloadedError);
    clock.advance(2_000);
    await expect(second.put(make('d2'))).resolves.toBe('kept');
    await expect(second.find('d1', 'a')).resolves.toBeDefined();
  });

  it('is opened again when the thread of its database has ended by itself', async () => {
    const opened = jest.spyOn(SqliteThread, 'open');
    const store = open();
    await store.put(make('d1'));
    const thread = (await opened.mock.results[0]?.value) as SqliteThread | undefined;
    await thread?.close();
    await expect(store.find('d1', 'a')).rejects.toThrow(OverloadedError);
    clock.advance(2_000);
    await expect(store.find('d1', 'a')).resolves.toBeDefined();
    opened.mockRestore();
  });

  it('takes a folder over from a process that is dead, or was not there for 15 s', async () => {
    const lock = { token: 'x', pid: 2 ** 22 + 1, boot: '', at: clock.now() };
    await writeFile(join(folder, 'lock.json'), JSON.stringify(lock));
    const store = open();
    await expect(store.put(make('d1'))).rejects.toThrow(OverloadedError);
    clock.advance(15_001);
    await expect(store.put(make('d1'))).resolves.toBe('kept');
  });

  it('writes nothing into a folder that another process took over while this one was frozen, and says so', async () => {
    const frozen = open();
    await frozen.put(make('d1'));
    let losses = 0;
    frozen.watchLoss(() => losses++);
    clock = new FakeClock(clock.now() + 15_001);
    const next = open();
    await expect(next.put(make('d2'))).resolves.toBe('kept');
    await expect(frozen.put(make('d3'))).rejects.toThrow(OverloadedError);
    await expect(frozen.find('d1', 'a')).rejects.toThrow(OverloadedError);
    expect(losses).toBe(1);
    await frozen.onApplicationShutdown();
    await next.onApplicationShutdown();
    const later = open();
    const seen = await Promise.all(['d1', 'd2', 'd3'].map((id) => later.find(id, 'a')));
    expect(seen.map((found) => found !== undefined)).toEqual([true, true, false]);
  });
});
