import { expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { JsonObject } from '../../src/kernel/index.js';
import { eventually } from '../support/checks.js';
import { getJson, type HttpResponse, postJson, readResponse, send } from '../support/client.js';
import { describeEachQueue, LONGEST_MS } from '../support/durable-bench.js';
import { beginRun, callRun, endRun, followRun, readEvents, readRun, runUrl, type WireRun } from '../support/logged.js';
import { queryPostgres } from '../support/postgres-server.js';
import type { Replica } from '../support/replicas.js';
import { scriptCompletion, scriptStream, steps } from '../support/upstream/index.js';

describeEachQueue('runs of several processes whose queue is in %s', (bench) => {
  it(
    'continue in another process when theirs is killed; no finished step runs again, and no reader sees a gap or a double',
    async () => {
      const { databaseUrl, replicas, upstream } = bench;
      await Promise.all([replicas.start(), replicas.start()]);
      const door = steps.gate();
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

      // The process is suspended for less than its lease, so no other one takes the run over.
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
      await eventually(isStillThere, { within: 15_000, message: 'a heartbeat of the same attempt' });

      upstream.next(scriptCompletion({ thinking: 'Whole', reply: 'Hello' }));
      worker.process.signal('SIGKILL');
      await worker.process.exit;
      door.open();
      const { text } = await reading;
      const events = readEvents(text);
      expect(events.map(({ n }) => n)).toEqual(events.map((_, place) => place));
      const told = events.filter(({ type }) => /^run-|restarted/.test(type));
      const resumed = [{ type: 'run-resumed', epoch: 2 }, { type: 'node-restarted' }];
      expect(told).toMatchObject([{ type: 'run-started' }, ...resumed, { type: 'run-finished' }]);
      const output = 'A draft\n\n{"thinking":"Whole","reply":"Hello"}';
      expect(await readRun(other, id)).toMatchObject({ status: 'completed', attempts: 2, output });
      expect((await followRun(other, id)).text).toBe(text);
      expect(upstream.requests).toHaveLength(3);
    },
    LONGEST_MS,
  );

  bench.itOnce(
    'are left to others by a process that works on none, which takes, reads, answers and cancels them all the same',
    async () => {
      const { replicas, upstream } = bench;
      const web = await replicas.start({ RUNS_CONCURRENCY: '0' });
      upstream.always(() => scriptStream('Hello'));
      const { id } = await beginRun(web);
      await eventually(async () => (await getJson(`${web.url}/metrics`)).text.includes('millrace_due_runs 1\n'));
      const reading = followRun(web, id);
      await replicas.start();
      expect(readEvents((await reading).text).at(-1)).toMatchObject({ type: 'run-finished' });
      expect(await endRun(web, id)).toMatchObject({ status: 'completed', output: 'Hello', attempts: 1 });

      const body = { model: 'chat', messages: [{ role: 'user', content: 'Hello' }], stream: true };
      const logged = { 'millrace-on-disconnect': 'continue' };
      expect((await postJson(`${web.baseUrl}/chat/completions`, body, logged)).text).toContain('data: [DONE]');
      // The process that receives a direct request serves it.
      const served = await postJson(`${web.baseUrl}/chat/completions`, { ...body, stream: false });
      const waiting = await beginRun(web, { model: 'approval' });
      await eventually(async () => (await readRun(web, waiting.id)).status === 'waiting');
      const answer = { value: { approved: true } };
      const { status } = await callRun(web, 'POST', `${waiting.id}/waits/approve`, {}, answer);
      const ended = await endRun(web, waiting.id);
      expect([status, ended]).toMatchObject([200, { status: 'completed', output: 'Hello\n\nHello' }]);

      const later = await beginRun(web, { run_at: Math.floor(Date.now() / 1_000) + 3_600 });
      const cancelled = await callRun(web, 'POST', `${later.id}/cancel`);
      expect([served.status, cancelled.json]).toMatchObject([200, { status: 'cancelled' }]);
    },
    LONGEST_MS,
  );

  bench.itOnce(
    'keep to the pause before their retry though their process is killed in it',
    async () => {
      const { upstream } = bench;
      const replicas = bench.useReleases();
      const one = await replicas.start();
      const door = steps.gate();
      upstream.next(scriptStream('Noted')).next([steps.role(), steps.text('Half'), door, steps.hangUp()]);
      const { id } = await beginRun(one, { model: 'retried' });
      await door.reached;
      const two = await replicas.start();
      upstream.always(() => scriptStream('Whole'));
      door.open();
      const { run_at: runAt } = await eventually(async () => {
        const run = await readRun(two, id);
        return run.status === 'queued' ? run : undefined;
      });
      one.process.signal('SIGKILL');
      await one.process.exit;
      expect(await endRun(two, id)).toMatchObject({ status: 'completed', output: 'Noted\n\nWhole', attempts: 2 });
      const resumed = readEvents((await followRun(two, id)).text).find(({ type }) => type === 'run-resumed');
      expect(resumed?.at).toBeGreaterThanOrEqual(Number(runAt) * 1_000);
      expect(upstream.requests).toHaveLength(3);
    },
    LONGEST_MS,
  );

  bench.itOnce(
    'are begun once for each time of a schedule, whoever dies',
    async () => {
      const { databaseUrl, replicas, upstream } = bench;
      const [one, two] = await Promise.all([replicas.start(), replicas.start()]);
      upstream.always(() => scriptStream('Good morning'));
      const body = { model: 'chat', input: 'Hello', pattern: '0 0 1 1 *' };
      const put = (replica: Replica): Promise<HttpResponse> =>
        send('PUT', `${replica.baseUrl}/schedules/new-year`, body).response.then(readResponse);
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
      // Each storing of a schedule starts a search for due runs: here several in both processes at the same time.
      await makeDue(first);
      await Promise.all(Array.from({ length: 8 }, (_, place) => put(place % 2 === 0 ? one : two)));
      await eventually(() => isOver(one));
      // One of them died after it had started the run, but before it could report this.
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
    'never exceed the limit of their workflow, in all processes together, whoever dies',
    async () => {
      const { upstream } = bench;
      const replicas = bench.useReleases();
      const [one, two] = await Promise.all([replicas.start(), replicas.start()]);
      const door = steps.gate();
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
      // Other runs do not wait for them, whichever process they start in.
      for (const replica of [one, two, one, two]) {
        const { id } = await beginRun(replica, { model: 'resuming' });
        expect(await endRun(two, id)).toMatchObject({ status: 'completed' });
      }
      expect(await countRunning()).toBe(2);
      // Both processes have the same schedule from the workflow.
      for (const { baseUrl } of [one, two]) {
        expect((await getJson(`${baseUrl}/schedules`)).json).toMatchObject({ data: [{ id: 'narrow/yearly' }] });
      }
      one.process.signal('SIGKILL');
      await one.process.exit;
      door.open();
      for (const { id } of runs) expect(await endRun(two, id)).toMatchObject({ status: 'completed', output: 'Hello' });
      const asked = upstream.requests.filter(({ body }) => JSON.stringify(body.messages).includes('narrow'));
      expect(asked.length).toBeLessThanOrEqual(8);
      // At most two of these runs, and one other.
      expect(upstream.mostOpen).toBeLessThanOrEqual(3);
    },
    LONGEST_MS,
  );

  bench.itWithRedis(
    'continue, and begin, though Redis has lost all its data',
    async () => {
      const { redis, replicas, upstream } = bench;
      const env = { RUNS_CONCURRENCY: '1' };
      await Promise.all([replicas.start(env), replicas.start(env)]);
      const doors = [steps.gate(), steps.gate()];
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

  bench.itWithRedis(
    'do not delay the shutdown of a process that has never reached the queue',
    async () => {
      const { replicas } = bench;
      // Nothing listens at this port.
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
});
