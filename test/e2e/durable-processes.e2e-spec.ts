import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import type { JsonObject } from '../../src/kernel/index.js';
import { getJson, type HttpResponse, postJson, readResponse, send } from '../support/http-client.js';
import { describeWithPostgres, PostgresServer, queryPostgres } from '../support/postgres-server.js';
import { RedisServer } from '../support/redis-server.js';
import { type Replica, Replicas } from '../support/replicas.js';
import {
  beginRun,
  callRun,
  endRun,
  followRun,
  readEvents,
  readRun,
  runUrl,
  type WireRun,
} from '../support/runs-client.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { ensureServerIsBuilt } from '../support/server-process.js';
import { scriptCompletion, scriptStream } from '../support/upstream/scripts.js';
import { gate } from '../support/upstream/steps.js';
import { WAITING_DOORS } from '../support/waiting-doors.js';

/** A server whose workflows are another release's with another `RELEASE`. */
const RELEASES = join(import.meta.dirname, '../fixtures/releases.mjs');

/** Each test starts two servers, and may wait until a run is found to be at work in a process that is dead. */
const LONGEST_MS = 120_000;

describeWithPostgres.each([['PostgreSQL'], ['Redis']])('runs of several processes whose queue is in %s', (queue) => {
  let postgres: PostgresServer;
  let redis: RedisServer | undefined;
  let upstream: ScriptedUpstream;
  let databaseUrl: string;
  let env: Readonly<Record<string, string>>;
  let replicas: Replicas;

  beforeAll(async () => {
    await ensureServerIsBuilt();
    postgres = await PostgresServer.start();
    redis = queue === 'Redis' ? await RedisServer.start() : undefined;
  }, LONGEST_MS);
  afterAll(async () => {
    await postgres.close();
    await redis?.close();
  });
  beforeEach(async () => {
    upstream = await ScriptedUpstream.start();
    databaseUrl = await postgres.createDatabase();
    env = {
      OPENAI_BASE_URL: upstream.url,
      RUNS_DATABASE_URL: databaseUrl,
      ...(redis !== undefined && { RUNS_QUEUE_URL: redis.url }),
    };
    replicas = new Replicas(env);
  });
  afterEach(async () => {
    await replicas.stop();
    await upstream.close();
  });

  const itWithRedis = queue === 'Redis' ? it : it.skip;
  /** What the queue has little to do with. */
  const itOnce = queue === 'Redis' ? it.skip : it;

  it(
    'go on in another one when theirs is killed; no finished step runs again, and no reader sees a gap or a double',
    async () => {
      await Promise.all([replicas.start(), replicas.start()]);
      const door = gate();
      upstream.next(scriptStream('A draft'));
      upstream.next(scriptStream(['{"thinking":"Hal', door, 'f"']));
      const { id } = await beginRun(replicas.all[0]!, { model: 'streaming' });
      await door.reached;
      const { worker, other } = await replicas.findWorker();
      const reading = followRun(other, id);
      await eventually(
        async () =>
          (await queryPostgres(databaseUrl, `select from millrace.run_log where events like '%Hal%'`)).length > 0,
      );

      // It stands still for less than its lease: nobody takes the run.
      worker.process.signal('SIGSTOP');
      const [stood] = await queryPostgres<{ until: string }>(databaseUrl, 'select pg_sleep(1.5), now()::text as until');
      worker.process.signal('SIGCONT');
      const isStillThere = async (): Promise<boolean> =>
        (
          await queryPostgres(
            databaseUrl,
            'select from millrace.runs where id = $1 and epoch = 1 and moved > $2::timestamptz',
            [id, stood?.until],
          )
        ).length > 0;
      await eventually(isStillThere, { within: 15_000, message: 'a sign of life of the same attempt' });

      upstream.next(scriptCompletion({ thinking: 'Whole', reply: 'Hello' }));
      worker.process.signal('SIGKILL');
      await worker.process.exit;
      door.open();
      const { text } = await reading;
      const events = readEvents(text);
      expect(events.map(({ n }) => n)).toEqual(events.map((_, place) => place));
      expect(events.map(({ type }) => type)).toContain('node-restarted');
      expect(events.find(({ type }) => type === 'run-resumed')).toMatchObject({ epoch: 2 });
      expect(events.at(-1)?.type).toBe('run-finished');
      expect((await readRun(other, id)).output).toBe('A draft\n\n{"thinking":"Whole","reply":"Hello"}');
      expect(await readRun(other, id)).toMatchObject({ status: 'completed', attempts: 2 });
      expect((await followRun(other, id)).text).toBe(text);
      expect(upstream.requests).toHaveLength(3);
    },
    LONGEST_MS,
  );

  it(
    'are cancelled, answered and read by any of them, whichever works on them',
    async () => {
      await Promise.all([replicas.start(), replicas.start()]);
      const door = gate();
      upstream.next(scriptStream(['Hel', door, 'lo']));
      const { id } = await beginRun(replicas.all[0]!);
      await door.reached;
      const { worker, other } = await replicas.findWorker();
      const readings = [followRun(worker, id), followRun(other, id)];
      const { status, json } = await callRun(other, 'POST', `${id}/cancel`);
      expect({ status, json }).toMatchObject({ status: 200, json: { status: 'cancelled' } });
      const [own, foreign] = await Promise.all(readings);
      expect(foreign?.text).toBe(own?.text);
      expect(readEvents(own?.text ?? '').at(-1)).toMatchObject({ type: 'run-failed', error: { code: 'cancelled' } });
      await eventually(() => upstream.requests[0]?.aborted === true);

      // One that waits is ended by whoever is asked.
      const later = await beginRun(worker, { run_at: Math.floor(Date.now() / 1_000) + 3_600 });
      expect((await callRun(other, 'POST', `${later.id}/cancel`)).json).toMatchObject({ status: 'cancelled' });

      upstream.always(() => scriptStream('Hi'));
      // What waits is answered wherever the client's next request comes in, again and again.
      for (const door of WAITING_DOORS) {
        const say = { model: 'approval', ...door.say('Announce it') };
        const first = door.read(await door.post(worker, say), say);
        const give = {
          model: 'approval',
          ...door.give(first, [{ id: first.calls[0]!.id, value: { approved: true } }]),
        };
        const [second, third] = [await door.post(other, give), await door.post(worker, give)].map((told) =>
          door.read(told, give),
        );
        expect(second).toMatchObject({ text: 'Hi', calls: [] });
        expect(third).toMatchObject({ id: second!.id, kept: second!.kept });
        expect(await door.retrieve(worker, second!.id)).toBe(second!.kept);
      }

      const completion = await postJson(
        `${other.baseUrl}/chat/completions`,
        { model: 'chat', messages: [{ role: 'user', content: 'Hello' }] },
        { 'millrace-on-disconnect': 'continue' },
      );
      expect(completion.json).toMatchObject({ choices: [{ message: { content: 'Hi' } }] });
      const { id: completionId } = completion.json as { id: string };
      const again = await getJson(`${worker.baseUrl}/chat/completions/${completionId}`);
      expect(again.json).toEqual(completion.json);

      // A process dies while it says that its run waits: either that is kept, and nobody is needed for it, or it is said again.
      const asking = gate();
      upstream.next(scriptStream(['A dr', asking, 'aft']));
      const approval = await beginRun(replicas.all[0]!, { model: 'approval' });
      await asking.reached;
      const asked = await replicas.findWorker();
      const drafted = upstream.requests.length;
      const isKept = redis === undefined;
      await killAmidWait(databaseUrl, approval.id, asked.worker, () => asking.open(), isKept);
      expect((await endRun(asked.other, approval.id)).status).toBe('waiting');
      expect(upstream.requests).toHaveLength(drafted);
      const rest = followRun(asked.other, approval.id);
      const answer = { value: { approved: true } };
      expect((await callRun(asked.other, 'POST', `${approval.id}/waits/approve`, {}, answer)).status).toBe(200);
      const types = readEvents((await rest).text).map(({ type }) => type);
      expect(types.filter((type) => type === 'run-waiting')).toHaveLength(1);
      expect(types).toEqual(expect.arrayContaining(['run-continued', 'run-finished']));
      expect(types.includes('run-resumed')).toBe(!isKept);
    },
    LONGEST_MS,
  );

  itOnce(
    'are begun once for each time of a schedule, whoever dies',
    async () => {
      const [one, two] = await Promise.all([replicas.start(), replicas.start()]);
      upstream.always(() => scriptStream('Good morning'));
      const body = { model: 'chat', input: 'Hello', pattern: '0 0 1 1 *' };
      const put = (replica: Replica): Promise<HttpResponse> =>
        send('PUT', `${replica.baseUrl}/schedules/new-year`, body).answer.then(readResponse);
      const isOver = async (replica: Replica): Promise<boolean> => {
        const { json } = await getJson(`${replica.baseUrl}/schedules/new-year`);
        return (json as { next_run_at: number }).next_run_at * 1_000 > Date.now();
      };
      const makeDue = (time: number): Promise<unknown> =>
        queryPostgres(databaseUrl, 'update millrace.schedules set next = $1', [time]);
      const listTimes = async (replica: Replica): Promise<readonly unknown[]> => {
        const { json } = await getJson(`${runUrl(replica)}?order=asc`);
        return (json as { data: { metadata: JsonObject }[] }).data.map(({ metadata }) => metadata['scheduled_at']);
      };
      await put(one);
      const first = Date.UTC(2026, 0, 1);
      // What is kept again looks at once for what is due: both processes do at the same time, several times over.
      await makeDue(first);
      await Promise.all(Array.from({ length: 8 }, (_, place) => put(place % 2 === 0 ? one : two)));
      await eventually(() => isOver(one));
      // One of them died after it had begun the run, and before it could say so.
      await makeDue(first);
      one.process.signal('SIGKILL');
      await one.process.exit;
      await put(two);
      await eventually(() => isOver(two));
      expect(await listTimes(two)).toEqual(['2026-01-01T00:00:00.000Z']);
      await makeDue(Date.UTC(2026, 5, 1));
      await put(two);
      await eventually(async () => (await listTimes(two)).length === 2);
      expect(await listTimes(two)).toEqual(['2026-01-01T00:00:00.000Z', '2026-06-01T00:00:00.000Z']);
      const { json } = await getJson(runUrl(two));
      for (const { id } of (json as { data: { id: string }[] }).data) {
        expect(await endRun(two, id)).toMatchObject({ status: 'completed', output: 'Good morning' });
      }
    },
    LONGEST_MS,
  );

  it(
    'are no more at work at the same time than their workflow says, in all processes together, whoever dies',
    async () => {
      replicas = new Replicas(env, RELEASES);
      const [one, two] = await Promise.all([replicas.start(), replicas.start()]);
      const door = gate();
      upstream.always(({ body }) =>
        JSON.stringify(body.messages).includes('narrow') ? scriptStream(['Hel', door, 'lo']) : scriptStream('Hello'),
      );
      const runs = await Promise.all(
        Array.from({ length: 6 }, (_, place) =>
          beginRun(place % 2 === 0 ? one : two, { model: 'narrow', input: 'narrow' }),
        ),
      );
      const countRunning = async (): Promise<number> => {
        const { json } = await getJson(`${runUrl(two)}?model=narrow&status=running`);
        return (json as { data: readonly unknown[] }).data.length;
      };
      await eventually(() => upstream.requests.length === 2);
      // Others do not wait for them, wherever they are.
      for (const replica of [one, two, one, two]) {
        const { id } = await beginRun(replica, { model: 'resuming' });
        expect(await endRun(two, id)).toMatchObject({ status: 'completed' });
      }
      expect(await countRunning()).toBe(2);
      // The schedule that stands in the workflow is the same one for both.
      for (const { baseUrl } of [one, two]) {
        expect((await getJson(`${baseUrl}/schedules`)).json).toMatchObject({ data: [{ id: 'narrow/yearly' }] });
      }
      one.process.signal('SIGKILL');
      await one.process.exit;
      door.open();
      for (const { id } of runs) expect(await endRun(two, id)).toMatchObject({ status: 'completed', output: 'Hello' });
      const asked = upstream.requests.filter(({ body }) => JSON.stringify(body.messages).includes('narrow'));
      expect(asked.length).toBeLessThanOrEqual(8);
      // Two of these, and one of the others.
      expect(upstream.mostOpen).toBeLessThanOrEqual(3);
    },
    LONGEST_MS,
  );

  itWithRedis(
    'go on, and begin, though all that Redis has is gone',
    async () => {
      const env = { RUNS_CONCURRENCY: '1' };
      await Promise.all([replicas.start(env), replicas.start(env)]);
      const doors = [gate(), gate()];
      for (const door of doors) upstream.next(scriptStream(['Hel', door, 'lo']));
      const ids: string[] = [];
      for (let count = 0; count < 4; count++) ids.push((await beginRun(replicas.all[count % 2]!)).id);
      await Promise.all(doors.map((door) => door.reached));
      const client = new Redis(redis?.url ?? '');
      await client.flushall();
      client.disconnect();
      upstream.always(() => scriptStream('Hello'));
      for (const door of doors) door.open();
      for (const id of ids) {
        const findEnded = async (): Promise<WireRun | undefined> => {
          const run = await readRun(replicas.all[0]!, id);
          return run.status === 'completed' ? run : undefined;
        };
        const run = await eventually(findEnded, { within: 40_000 });
        expect(run).toMatchObject({ output: 'Hello', attempts: 1 });
      }
      expect(upstream.requests).toHaveLength(4);
    },
    LONGEST_MS,
  );

  itWithRedis(
    'do not hold up the end of a process that has never reached the queue',
    async () => {
      // Nobody listens there.
      const replica = await replicas.start({ RUNS_QUEUE_URL: 'redis://127.0.0.1:1' });
      expect(await beginRun(replica)).toMatchObject({ status: 'queued' });
      const began = performance.now();
      replica.process.signal('SIGTERM');
      await expect(replica.process.exit).resolves.toMatchObject({ code: 0 });
      // The whole limit of a shutdown is 44 s.
      expect(performance.now() - began).toBeLessThan(20_000);
    },
    LONGEST_MS,
  );

  it(
    'stay with the processes of their release while it is replaced, and then go by what their workflow says',
    async () => {
      replicas = new Replicas({ ...env, RUNS_HANDOVER: 'now' }, RELEASES);
      const door = gate();
      let held = 0;
      let isOver = false;
      upstream.always(({ body }) => {
        const asked = JSON.stringify(body.messages);
        const isLast = asked.includes('After: One');
        if (isOver || !(isLast || asked.includes('Hold'))) return scriptStream(isLast ? 'Two' : 'One');
        held++;
        return scriptStream(['Ha', door, 'lf']);
      });
      const first = await replicas.start({ RELEASE: 'old' });
      const begin = (replica: Replica, models: readonly string[], input: string): Promise<readonly WireRun[]> =>
        Promise.all(models.map((model) => beginRun(replica, { model, input })));
      const runs = [
        ...(await begin(first, ['resuming', 'resuming', 'resuming', 'failing'], 'Hello')),
        ...(await begin(first, ['removed'], 'Hold')),
      ];
      await eventually(() => held === 5);
      // The new process gives back what it gets of them.
      const [second, fresh] = await Promise.all([
        replicas.start({ RELEASE: 'old' }),
        replicas.start({ RELEASE: 'new' }),
      ]);
      first.process.signal('SIGTERM');
      await eventually(() => held === 10, { within: 30_000 });
      const others = [
        ...(await begin(fresh, ['added', 'added'], 'Hello')),
        ...(await begin(second, ['removed', 'removed'], 'Hello')),
      ];
      for (const { id } of others)
        expect(await endRun(fresh, id)).toMatchObject({ status: 'completed', output: 'One' });
      isOver = true;
      second.process.signal('SIGTERM');
      const ended = [];
      for (const { id } of runs) ended.push(await endRun(fresh, id));
      const resumed = { status: 'completed', output: 'One\n\nTwo' };
      const changed = { status: 'failed', error: { code: 'workflow_changed' } };
      expect(ended).toMatchObject([resumed, resumed, resumed, changed, changed]);
      const { text } = await followRun(fresh, runs[0]!.id);
      const finished = readEvents(text).filter(({ type }) => type === 'node-finished');
      expect(finished.map(({ node }) => node)).toEqual(['first', 'last']);
      expect(text).not.toContain('graph');
      door.open();
    },
    LONGEST_MS,
  );

  itOnce(
    'are handed over when theirs shuts down',
    async () => {
      const handOver = { RUNS_HANDOVER: 'now', APPROVAL_TIMEOUT_MS: '4000' };
      await Promise.all([replicas.start(handOver), replicas.start(handOver)]);
      // Their waits expire in both at the same time, each once.
      upstream.always(() => scriptStream('A draft'));
      const begin = (place: number): Promise<WireRun> => beginRun(replicas.all[place % 2]!, { model: 'approval' });
      const waiting = await Promise.all([0, 1, 2, 3, 4, 5].map(begin));
      for (const { id } of waiting) expect((await endRun(replicas.all[0]!, id)).status).toBe('waiting');
      await queryPostgres(
        databaseUrl,
        'update millrace.run_waits set expires = (select min(expires) from millrace.run_waits)',
      );
      for (const { id } of waiting) {
        const { text } = await followRun(replicas.all[1]!, id);
        const types = readEvents(text).map(({ type }) => type);
        expect(types.filter((type) => type.startsWith('run-'))).toEqual(['run-started', 'run-waiting', 'run-failed']);
        expect(readEvents(text).at(-1)).toMatchObject({ error: { code: 'wait_expired' } });
      }
      expect(upstream.requests).toHaveLength(waiting.length);
      const door = gate();
      upstream.next(scriptStream(['Hel', door, 'lo']));
      const { id } = await beginRun(replicas.all[0]!);
      await door.reached;
      const { worker, other } = await replicas.findWorker();
      upstream.next(scriptStream('Hello again'));
      worker.process.signal('SIGTERM');
      const run = await endRun(other, id);
      expect(run).toMatchObject({ status: 'completed', output: 'Hello again', attempts: 2 });
      await expect(worker.process.exit).resolves.toMatchObject({ code: 0 });
      door.open();
    },
    LONGEST_MS,
  );
});

/**
 * Kills a process while the database has what it says of its run's wait, and has not committed it.
 * @param goOn lets the run come to its wait
 * @param isKept false: the database forgets it
 */
async function killAmidWait(
  databaseUrl: string,
  run: string,
  worker: Replica,
  goOn: () => void,
  isKept: boolean,
): Promise<void> {
  const holder = new pg.Client({ connectionString: databaseUrl });
  await holder.connect();
  // Whoever keeps the same wait has to know first what becomes of this one.
  await holder.query('begin');
  await holder.query(
    `insert into millrace.run_waits (run, node, name, call_id, place, shown, schema, asked, is_open)
     values ($1, 'approve', 'approve', 'none', 0, 'null', '{}', 0, false)`,
    [run],
  );
  goOn();
  const pid = await eventually(async () => {
    const { rows } = await holder.query<{ pid: number }>(
      `select pid from pg_locks where not granted and locktype = 'transactionid'
         and transactionid = pg_current_xact_id()::xid`,
    );
    return rows[0]?.pid;
  });
  worker.process.signal('SIGKILL');
  await worker.process.exit;
  if (!isKept) await holder.query('select pg_terminate_backend($1)', [pid]);
  await holder.query('rollback');
  await holder.end();
}
