import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { ConsoleLogger, Logger } from '@nestjs/common';
import fc from 'fast-check';
import pg from 'pg';
import { type LogEntry, summarizeLog, runLogged } from '../../../../test/support/crashing-runs.js';
import { eventually } from '../../../../test/support/eventually.js';
import { describeWithPostgres, PostgresServer } from '../../../../test/support/postgres-server.js';
import { compilePlan, ran, resumablePlans } from '../../../../test/support/resumable-workflows.js';
import {
  DAY_MS,
  describeRunLogStore,
  describeSharing,
  makeWait,
  MUCH_LATER,
  type OpenStores,
  type Settings,
  type StoreBench,
} from '../../../../test/support/run-store/index.js';
import { readConfig } from '../../../config/index.js';
import type { StepCheckpoint } from '../../../engine/index.js';
import { OverloadedError } from '../../../errors/index.js';
import { type Clock, RandomIdSource } from '../../../kernel/index.js';
import type { RunAttempt } from '../log-batch.js';
import type { RunLogStore } from '../run-log-store.js';
import { PostgresStore } from './postgres-store.js';

describeWithPostgres('With a real server', () => {
  let server: PostgresServer;
  let admin: pg.Client;

  beforeAll(async () => {
    server = await PostgresServer.start();
    admin = await connect();
  });
  afterAll(async () => {
    await admin.end();
    await server.close();
  });

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: server.url });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  function open(clock: Clock, settings: Settings = {}, url = server.url): OpenStores {
    const stores = new PostgresStore(readConfig(settings, []), url, clock, new RandomIdSource());
    const { logs, documents, schedules } = stores;
    return { logs, documents, schedules, sweep: () => stores.sweep(), close: () => stores.onApplicationShutdown() };
  }

  async function age(ms: number): Promise<void> {
    await admin.query(`update millrace.runs set moved = moved - make_interval(secs => $1)`, [ms / 1_000]);
    await admin.query(`update millrace.run_workers set seen = seen - make_interval(secs => $1)`, [ms / 1_000]);
  }

  async function fill(count: number): Promise<void> {
    await admin.query(
      `insert into millrace.documents (id, owner, created, expires, length, json)
         select 'd' || n, 'a', n, $2, 2, '{}' from generate_series(1, $1::int) n`,
      [count, MUCH_LATER],
    );
  }

  const begin = async (): Promise<void> => void (await admin.query('drop schema if exists millrace cascade'));
  const adapter = { begin, open, fill, age, end: () => Promise.resolve() };

  describeRunLogStore('PostgreSQL', adapter, (bench) => {
    describeSharing(bench);
    describePostgres(bench);
  });

  function describePostgres(bench: StoreBench): void {
    it('makes its tables once where several processes start at the same time', async () => {
      const stores = [bench.stores, ...Array.from({ length: 5 }, () => bench.openOther())];
      await Promise.all(
        stores.map(({ logs }, place) => logs.beat(`w${place}`, { graphs: [], workflows: [], doors: [] })),
      );
      expect((await admin.query('select version from millrace.format')).rows).toHaveLength(1);
      expect((await admin.query('select from millrace.run_workers')).rows).toHaveLength(6);
    });

    it('is refused by one line where a newer release has made the tables', async () => {
      const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
      await bench.create('r1');
      await admin.query('update millrace.format set version = 99');
      const { logs } = bench.openOther();
      await expect(logs.find('r1', 'a')).rejects.toThrow(OverloadedError);
      await expect(logs.find('r1', 'a')).rejects.toMatchObject({ status: 503, code: 'store_unavailable' });
      expect(error.mock.calls).toEqual([[expect.stringContaining('made by a newer release (format 99;')]]);
    });

    it('appends a batch once when it is sent again after the connection broke during the commit', async () => {
      jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
      await bench.create('r1');
      await bench.claim('r1');
      const batch = bench.makeBatch('r1', 0, 3, { epoch: 1, steps: [{ node: 'n', json: '{}' }] });
      const holder = await connect();
      await holder.query(`begin; select from millrace.runs where id = 'r1' for update`);
      const sent = bench.append([batch]).catch((thrown: unknown) => thrown);
      await eventually(async () => {
        const cut = await admin.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and query like '%append_all_2%'`,
        );
        return cut.rows.length > 0;
      });
      expect(await sent).toBeInstanceOf(OverloadedError);
      await holder.end();
      await expect(bench.append([batch])).resolves.toEqual([true]);
      await expect(bench.append([batch])).resolves.toEqual([true]);
      expect(await bench.readAll('r1')).toEqual([0, 1, 2]);
      await expect(bench.claim('r1')).resolves.toMatchObject({ steps: ['{}'] });
    });

    it('removes a run from every table when it is deleted or has expired', async () => {
      const find = async (word: string): Promise<readonly string[]> => {
        const { rows } = await admin.query<{ name: string }>(
          `select tablename as name from pg_tables where schemaname = 'millrace' order by 1`,
        );
        const found: string[] = [];
        for (const { name } of rows) {
          const { rowCount } = await admin.query(`select from millrace.${name} row where row::text like $1`, [
            `%${word}%`,
          ]);
          if (rowCount !== 0) found.push(name);
        }
        return found;
      };
      for (const id of ['run_one', 'run_two']) {
        await bench.create(id, { segment: `segment_of_${id}` });
        await bench.claim(id);
        const waits = [makeWait(bench, 'n', { callId: `call_of_${id}` })];
        await bench.append([bench.makeBatch(id, 0, 2, { epoch: 1, steps: [{ node: 's', json: '{}' }], waits })]);
      }
      const all = ['run_log', 'run_requests', 'run_segments', 'run_steps', 'run_waits', 'runs'];
      expect([await find('run_one'), await find('run_two')]).toEqual([all, all]);
      await bench.logs.remove('run_one', 'a');
      await bench.append([bench.makeBatch('run_two', 2, 1, { epoch: 1, ending: bench.makeEnding() })]);
      // The outputs of steps are removed at the end.
      expect([await find('run_one'), await find('run_two')]).toEqual([[], all.filter((name) => name !== 'run_steps')]);
      bench.clock.advance(DAY_MS);
      await bench.stores.sweep();
      expect(await find('run_two')).toEqual(['run_segments', 'run_waits', 'runs']);
      bench.clock.advance(29 * DAY_MS);
      await bench.stores.sweep();
      expect(await find('run_two')).toEqual([]);
    });

    it('hears of changes again when the connection that listens was cut, and says that it may have missed some', async () => {
      jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
      const heard: unknown[] = [];
      const other = bench.openOther();
      other.logs.watchChanges((runs) => heard.push(runs));
      await other.logs.find('r1', 'a');
      await eventually(() => heard.length === 1);
      await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %'`);
      await eventually(() => {
        bench.clock.advance(1_000);
        return heard.length > 1;
      });
      await bench.create('r1');
      await bench.append([bench.makeBatch('r1', 0, 1)]);
      await eventually(() => heard.length > 2);
      expect(heard).toEqual(['unknown', 'unknown', ['r1']]);
    });

    it('refuses requests within 5 s while the server stands still, and works when it continues', async () => {
      const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
      jest.spyOn(Logger.prototype, 'log').mockReturnValue(undefined);
      await bench.create('r1');
      await bench.claim('r1');
      await server.freeze();
      try {
        const found = bench.logs.find('r1', 'a').catch((thrown: unknown) => thrown);
        await new Promise(setImmediate);
        bench.clock.advance(4_500);
        expect(await found).toMatchObject({ status: 503, retryAfterMs: 2_000 });
        expect(bench.stores.documents.canKeep).toBe(false);
      } finally {
        await server.thaw();
      }
      await expect(bench.logs.find('r1', 'a')).resolves.toMatchObject({ id: 'r1' });
      expect(error).toHaveBeenCalledTimes(1);
      // The process could not report meanwhile: taking over its run is no death, but the next time is one.
      await expect(bench.claim('r1')).resolves.toMatchObject({ run: { attempts: 2, deaths: 0 } });
      bench.clock.advance(60_000);
      await expect(bench.claim('r1')).resolves.toMatchObject({ run: { attempts: 3, deaths: 1 } });
    });

    it('refuses the first request within 5 s if the server is slow', async () => {
      jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
      await bench.create('r1');
      const holder = await connect();
      // What a process that starts waits for, and what it waits for then.
      await holder.query('begin; lock table millrace.runs in access exclusive mode');
      await holder.query('select pg_advisory_lock(7214600301)');
      const waitFor = (type: string): Promise<boolean> =>
        eventually(
          async () =>
            (await admin.query('select from pg_locks where not granted and locktype = $1', [type])).rows.length > 0,
        );
      const found = bench
        .openOther()
        .logs.find('r1', 'a')
        .catch((thrown: unknown) => thrown);
      await waitFor('advisory');
      bench.clock.advance(4_000);
      await holder.query('select pg_advisory_unlock(7214600301)');
      await waitFor('relation');
      bench.clock.advance(500);
      expect(await found).toMatchObject({ status: 503, retryAfterMs: 2_000 });
      await holder.end();
    });

    it('says once why it cannot be used, and never with which password', async () => {
      const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
      const stores = open(bench.clock, {}, `postgres://someone:s3cret@127.0.0.1:${server.port}/nowhere`);
      for (let tries = 0; tries < 3; tries++) {
        await expect(stores.logs.find('r1', 'a')).rejects.toThrow(OverloadedError);
        bench.clock.advance(2_000);
      }
      await stores.close();
      expect(error.mock.calls).toEqual([[expect.stringContaining('does not exist')]]);
      expect(JSON.stringify(error.mock.calls)).not.toContain('s3cret');
    });

    it('lets hundreds of runs write, live and end at the same time without a deadlock', async () => {
      const ids = Array.from({ length: 60 }, (_, place) => `r${place}`);
      await Promise.all(ids.map((id) => bench.create(id)));
      await Promise.all(ids.map((id) => bench.claim(id)));
      const attempts = ids.map((id) => ({ id, epoch: 1 }));
      for (let first = 0; first < 10; first++) {
        const ending = first === 9 ? { ending: bench.makeEnding() } : {};
        const batches = ids.map((id) => bench.makeBatch(id, first, 1, { epoch: 1, ...ending }));
        const [kept] = await Promise.all([
          bench.append(first % 2 === 0 ? batches : batches.toReversed()),
          bench.logs.keepAlive(attempts.toReversed()),
          bench.logs.findLost([], 'nobody'),
        ]);
        expect(new Set(kept)).toEqual(new Set([true]));
      }
      const { rows } = await admin.query('select deadlocks from pg_stat_database where datname = current_database()');
      expect(rows).toEqual([{ deadlocks: '0' }]);
    });

    it('keeps all that another process needs to finish a run, wherever the first one crashed', async () => {
      Logger.overrideLogger(false);
      const other = bench.openOther();
      let count = 0;
      await fc.assert(
        fc.asyncProperty(resumablePlans, fc.nat(), async (plan, seed) => {
          const { workflow } = compilePlan(plan);
          const whole = await runLogged({ workflow });
          const id = `r${count++}`;
          await bench.create(id);
          await bench.claim(id);
          const kept = 1 + (seed % (whole.length - 1));
          await writeEntries(bench.logs, { id, epoch: 1 }, whole.slice(0, kept));
          const claimed = await other.logs.claim(id, 'other');
          const left = (await readEntries(other.logs, id)).map((entry, place) => {
            const step = claimed?.steps[place];
            return step === undefined ? entry : { ...entry, checkpoint: JSON.parse(step) as StepCheckpoint };
          });
          ran.length = 0;
          const resumed = await runLogged({ workflow }, left);
          const finished = whole.slice(0, kept).flatMap(({ checkpoint }) => checkpoint?.node ?? []);
          expect(ran.filter((node) => finished.includes(node))).toEqual([]);
          expect(await bench.append([bench.makeBatch(id, kept, 1, { epoch: 1 })])).toEqual([false]);
          await writeEntries(other.logs, { id, epoch: 2 }, resumed, kept);
          const read = await readEntries(bench.logs, id);
          const isVague = whole.at(-1)?.event.type === 'run-failed' && !plan.options.inLine;
          const tell = isVague ? (log: readonly LogEntry[]): unknown => log.at(-1)?.event.type : summarizeLog;
          expect(tell(read)).toEqual(tell(whole));
        }),
        { numRuns: 20 },
      );
      Logger.overrideLogger(new ConsoleLogger());
    });

    /** Each in a commit of its own. */
    async function writeEntries(
      logs: RunLogStore,
      { id, epoch }: RunAttempt,
      entries: readonly LogEntry[],
      from = 0,
    ): Promise<void> {
      for (const [place, { event, checkpoint }] of entries.entries()) {
        if (place < from) continue;
        const steps = checkpoint === undefined ? [] : [{ node: checkpoint.node, json: JSON.stringify(checkpoint) }];
        const isLast = event.type === 'run-finished' || event.type === 'run-failed';
        const batch = { run: id, epoch, first: place, events: [JSON.stringify({ ...event, at: 0 })], steps };
        const verdicts = await logs.append([isLast ? { ...batch, ending: bench.makeEnding() } : batch]);
        expect(verdicts).toEqual([{ isKept: true, isCancelled: false }]);
      }
    }

    async function readEntries(logs: RunLogStore, id: string): Promise<readonly LogEntry[]> {
      const entries: LogEntry[] = [];
      for (;;) {
        const page = await logs.read(id, entries.length);
        if (page === undefined || page.events.length === 0) return entries;
        for (const { at: _at, ...event } of page.events) entries.push({ event });
      }
    }

    it('finds nothing by an id that PostgreSQL cannot store as text', async () => {
      await expect(bench.logs.find('r\0', 'a')).resolves.toBeUndefined();
      await expect(bench.stores.documents.findParts(['p\0', '\uD800'], 'a')).resolves.toEqual(new Map());
    });
  }
});
