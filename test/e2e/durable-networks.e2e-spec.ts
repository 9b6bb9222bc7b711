import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import pg from 'pg';
import { CutLink } from '../support/cut-link.js';
import { eventually } from '../support/eventually.js';
import { getJson, postJson } from '../support/http-client.js';
import { describeWithPostgres, PostgresServer, queryPostgres } from '../support/postgres-server.js';
import { AN_HOUR_AHEAD, type Replica, Replicas } from '../support/replicas.js';
import { askRun, beginRun, endRun, followRun, readEvents, readRun } from '../support/runs-client.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { ensureServerIsBuilt } from '../support/server-process.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { gate } from '../support/upstream/steps.js';

/** A test waits here until leases run out, as they do in production. */
const LONGEST_MS = 120_000;
/** A client that asks for a run while the store is unavailable gets its error within this time, in milliseconds. */
const LONGEST_REFUSAL_MS = 5_500;
/** A run that lost its process continues within this time, in milliseconds. */
const LONGEST_SILENCE_MS = 12_000;

describeWithPostgres('runs of a process whose network to PostgreSQL fails', () => {
  let postgres: PostgresServer;
  let upstream: ScriptedUpstream;
  let link: CutLink;
  let replicas: Replicas;
  /** Reaches the database over the link, and executes all runs until the other process starts. */
  let worker: Replica;
  let databaseUrl: string;

  beforeAll(async () => {
    await ensureServerIsBuilt();
    postgres = await PostgresServer.start();
  }, LONGEST_MS);
  afterAll(() => postgres.close());
  beforeEach(async () => {
    upstream = await ScriptedUpstream.start();
    databaseUrl = await postgres.createDatabase();
    link = await CutLink.open(postgres.port);
    replicas = new Replicas({ OPENAI_BASE_URL: upstream.url });
    const linked = new URL(databaseUrl);
    linked.port = String(link.port);
    worker = await replicas.start({ RUNS_DATABASE_URL: linked.href });
  }, LONGEST_MS);
  afterEach(async () => {
    await replicas.stop();
    await link.close();
    await upstream.close();
  });

  const readNumbers = (text: string): readonly number[] => readEvents(text).map(({ n }) => n);
  const range = (length: number): readonly number[] => Array.from({ length }, (_, place) => place);

  it(
    'are neither doubled nor run again when replies to commits in mid-run are lost',
    async () => {
      const door = gate();
      upstream.next(scriptStream(['Hel', door, 'lo']));
      const { id } = await beginRun(worker);
      await door.reached;
      const reading = followRun(worker, id);
      await eventually(async () => (await readRun(worker, id)).status === 'running');
      link.cutResponseTo('millrace.append');
      door.open();
      await eventually(() => link.cuts === 1);
      link.cutResponseTo('millrace.append_all');
      const { text } = await reading;
      expect(link.cuts).toBeGreaterThan(0);
      const numbers = readNumbers(text);
      expect(numbers).toEqual(range(numbers.length));
      expect(await endRun(worker, id)).toMatchObject({ status: 'completed', output: 'Hello', attempts: 1 });
      expect((await followRun(worker, id)).text).toBe(text);
    },
    LONGEST_MS,
  );

  it(
    'are not run again when the reply to the commit of their beginning or of their end is lost',
    async () => {
      // The first use makes the tables and functions. The link looks for their names.
      upstream.next(scriptStream('Hi'));
      await endRun(worker, (await beginRun(worker)).id);

      // Cuts the end of a run.
      link.cutResponseTo('millrace.append_all');
      upstream.next(scriptStream('Hi'));
      const later = await beginRun(worker);
      expect(await endRun(worker, later.id)).toMatchObject({ status: 'completed', output: 'Hi', attempts: 1 });
      expect(link.cuts).toBeGreaterThan(0);
      expect(upstream.requests).toHaveLength(2);

      // Cuts the start of runs: no process then knows which one executes them.
      const { cuts } = link;
      link.cutResponseTo('millrace.claim');
      upstream.next(scriptStream('Hi'));
      const began = performance.now();
      const begun = await beginRun(worker);
      expect(await endRun(worker, begun.id)).toMatchObject({ status: 'completed', output: 'Hi' });
      expect(link.cuts).toBe(cuts + 1);
      expect(performance.now() - began).toBeLessThan(LONGEST_SILENCE_MS);
    },
    LONGEST_MS,
  );

  it(
    'continue in another process when packets are dropped; late writes of the first one are ignored',
    async () => {
      const door = gate();
      upstream.next(scriptStream(['Old', door, ' words', gate()]));
      const { id } = await beginRun(worker);
      await door.reached;
      const other = await replicas.start({ ...AN_HOUR_AHEAD, RUNS_DATABASE_URL: databaseUrl });
      const reading = followRun(other, id);
      // By the other process's clock, all leases of the queue have expired. By the database's clock, the run still has its process.
      const findHeld = () => queryPostgres(databaseUrl, `select from bullmq.job where state = 'delayed'`);
      await eventually(async () => (await findHeld()).length === 1, { within: 30_000 });
      expect(await readRun(other, id)).toMatchObject({ status: 'running', attempts: 1 });
      expect(upstream.requests).toHaveLength(1);
      upstream.always(() => scriptStream('New words'));
      link.freeze();
      // The link delivers their commit only when it works again.
      door.open();

      expect(await endRun(other, id)).toMatchObject({ status: 'completed', output: 'New words', attempts: 2 });
      link.thaw();
      const { text } = await reading;
      const numbers = readNumbers(text);
      expect(numbers).toEqual(range(numbers.length));
      await eventually(async () => (await followRun(worker, id)).text === text);
      expect((await followRun(other, id)).text).toBe(text);
      await eventually(() => upstream.requests[0]?.aborted === true);
    },
    LONGEST_MS,
  );

  it(
    'continue from what is left after a failover that lost commits; readers beyond it are notified, and get no other text',
    async () => {
      const [first, second] = [gate(), gate()];
      upstream.next(scriptStream(['One', first, ' two', second]));
      // On a slow machine, making the tables may take longer than a request waits.
      const { id } = await eventually(() => beginRun(worker).catch(() => undefined), { within: 30_000 });
      await first.reached;
      const countSaid = async (text: string): Promise<number> => {
        const sql = `select last from millrace.run_log where run = $1 and events like $2`;
        const [row] = await queryPostgres<{ last: number }>(databaseUrl, sql, [id, `%${text}%`]);
        return row?.last ?? 0;
      };
      await eventually(async () => (await countSaid('One')) > 0);
      await postgres.copy();
      first.open();
      const last = await eventually(async () => (await countSaid(' two')) || undefined);
      // The stream breaks off without a last event, so that its client reconnects with the number that it has.
      const following = followRun(worker, id, `?after=${last}`).then(
        () => 'ended',
        () => 'broken off',
      );
      const other = await replicas.start({ RUNS_DATABASE_URL: databaseUrl });
      await postgres.failOver();

      const beyond = await eventually(async () => {
        const read = await followRun(other, id, `?after=${last}`);
        return read.status === 503 ? undefined : read;
      });
      expect(beyond).toMatchObject({ status: 410, json: { error: { code: 'log_truncated' } } });
      upstream.always(() => scriptStream('Again'));
      // The next write of its process does not follow the last event that is left.
      second.open();
      // This is sooner than the search for lost runs would find it, which takes 30 s.
      const findEnded = async () => {
        const run = await readRun(other, id).catch(() => undefined);
        return run?.status === 'completed' ? run : undefined;
      };
      expect(await eventually(findEnded, { within: 25_000 })).toMatchObject({ output: 'Again', attempts: 2 });
      expect(await following).toBe('broken off');
      const { text } = await followRun(other, id);
      const numbers = readNumbers(text);
      expect(numbers).toEqual(range(numbers.length));
      expect(text).toContain('node-restarted');
    },
    LONGEST_MS,
  );

  it(
    'are refused while packets are dropped; direct requests and readiness do not notice',
    async () => {
      link.freeze();
      const began = performance.now();
      const refused = await askRun(worker);
      expect(refused).toMatchObject({ status: 503, json: { error: { code: 'store_unavailable' } } });
      expect(refused.headers['retry-after']).toBeDefined();
      expect(performance.now() - began).toBeLessThan(LONGEST_REFUSAL_MS);
      upstream.next(scriptStream('Hello'));
      const body = { model: 'chat', messages: [{ role: 'user', content: 'Hello' }] };
      expect(await postJson(`${worker.baseUrl}/chat/completions`, body)).toMatchObject({ status: 200 });
      expect(await getJson(`${worker.url}/health/ready`)).toMatchObject({ status: 200 });
      link.thaw();
    },
    LONGEST_MS,
  );

  it(
    'are kept once if their process dies while it keeps them, and the client asks another one again',
    async () => {
      const other = await replicas.start({ RUNS_DATABASE_URL: databaseUrl });
      upstream.always(() => scriptStream('Hello'));
      const holder = new pg.Client({ connectionString: databaseUrl });
      await holder.connect();
      await holder.query('begin; lock table millrace.run_requests in exclusive mode');
      const key = { 'idempotency-key': 'once' };
      const asked = askRun(worker, {}, key).catch(() => 'no answer');
      await eventually(async () => {
        const cut = await holder.query(
          `select pid from pg_locks where not granted and relation = 'millrace.run_requests'::regclass`,
        );
        if (cut.rows.length === 0) return false;
        worker.process.signal('SIGKILL');
        await worker.process.exit;
        await holder.query('select pg_terminate_backend($1)', [cut.rows[0]?.pid]);
        return true;
      });
      expect(await asked).toBe('no answer');
      await holder.query('rollback');
      const again = await beginRun(other, {}, key);
      expect((await beginRun(other, {}, key)).id).toBe(again.id);
      expect(await endRun(other, again.id)).toMatchObject({ status: 'completed', attempts: 1 });
      expect((await holder.query('select from millrace.runs where key is not null')).rows).toHaveLength(1);
      await holder.end();
    },
    LONGEST_MS,
  );
});
