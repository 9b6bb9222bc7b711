import { expect, it } from '@jest/globals';
import { eventually } from '../support/checks.js';
import { describeEachQueue, LONGEST_MS } from '../support/durable-bench.js';
import { beginRun, endRun, followRun, readEvents, type WireRun } from '../support/logged.js';
import { queryPostgres } from '../support/postgres-server.js';
import type { Replica } from '../support/replicas.js';
import { scriptStream, steps } from '../support/upstream/index.js';

describeEachQueue('runs of processes that are replaced, their queue in %s', (bench) => {
  it(
    'stay with the processes of their release during a rollout, and then follow the setting of their workflow',
    async () => {
      const { upstream } = bench;
      const replicas = bench.useReleases({ RUNS_HANDOVER: 'now' });
      const door = steps.gate();
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
      // The new process releases the runs that it gets.
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

  bench.itOnce(
    'are left to a process that has just started, because others know what it executes before it is ready',
    async () => {
      const replicas = bench.useReleases();
      await replicas.start({ RELEASE: 'new' });
      const slowInsert = `create function wait_a_second() returns trigger language plpgsql as
        $$ begin perform pg_sleep(1); return new; end $$;
        create trigger slow before insert on millrace.run_workers for each row execute function wait_a_second()`;
      await queryPostgres(bench.databaseUrl, slowInsert);
      await replicas.start({ RELEASE: 'old' });
      const known = "select 1 from millrace.run_workers where 'removed' = any(workflows)";
      expect(await queryPostgres(bench.databaseUrl, known)).toHaveLength(1);
    },
    LONGEST_MS,
  );

  bench.itOnce(
    'are handed over when their process shuts down',
    async () => {
      const { databaseUrl, replicas, upstream } = bench;
      const handOver = { RUNS_HANDOVER: 'now', APPROVAL_TIMEOUT_MS: '4000' };
      await Promise.all([replicas.start(handOver), replicas.start(handOver)]);
      // Waits expire in both processes at the same time. Each wait expires only once.
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
      const door = steps.gate();
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
