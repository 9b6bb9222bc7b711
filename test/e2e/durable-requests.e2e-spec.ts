import { expect, it } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../support/checks.js';
import { getJson, postJson } from '../support/client.js';
import { describeEachQueue, LONGEST_MS } from '../support/durable-bench.js';
import { beginRun, callRun, endRun, followRun, readEvents } from '../support/logged.js';
import type { Replica } from '../support/replicas.js';
import { scriptStream, steps } from '../support/upstream/index.js';
import { WAITING_DOORS } from '../support/waiting-doors.js';

describeEachQueue('runs that any of several processes is asked about, their queue in %s', (bench) => {
  it(
    'are cancelled by any of them, whichever works on them',
    async () => {
      const { replicas, upstream } = bench;
      await Promise.all([replicas.start(), replicas.start()]);
      const door = steps.gate();
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

      // Any process can cancel a run that waits.
      const later = await beginRun(worker, { run_at: Math.floor(Date.now() / 1_000) + 3_600 });
      expect((await callRun(other, 'POST', `${later.id}/cancel`)).json).toMatchObject({ status: 'cancelled' });
    },
    LONGEST_MS,
  );

  it(
    'are answered and read over any of them, again and again',
    async () => {
      const { replicas, upstream } = bench;
      const [one, two] = await Promise.all([replicas.start(), replicas.start()]);
      upstream.always(() => scriptStream('Hi'));
      for (const door of WAITING_DOORS) {
        const say = { model: 'approval', ...door.say('Announce it') };
        const first = door.read(await door.post(one, say), say);
        const give = {
          model: 'approval',
          ...door.give(first, [{ id: first.calls[0]!.id, value: { approved: true } }]),
        };
        const [second, third] = [await door.post(two, give), await door.post(one, give)].map((told) =>
          door.read(told, give),
        );
        expect(second).toMatchObject({ text: 'Hi', calls: [] });
        expect(third).toMatchObject({ id: second!.id, kept: second!.kept });
        expect(await door.retrieve(one, second!.id)).toBe(second!.kept);
      }

      const completion = await postJson(
        `${two.baseUrl}/chat/completions`,
        { model: 'chat', messages: [{ role: 'user', content: 'Hello' }] },
        { 'millrace-on-disconnect': 'continue' },
      );
      expect(completion.json).toMatchObject({ choices: [{ message: { content: 'Hi' } }] });
      const { id: completionId } = completion.json as { id: string };
      const again = await getJson(`${one.baseUrl}/chat/completions/${completionId}`);
      expect(again.json).toEqual(completion.json);
    },
    LONGEST_MS,
  );

  it(
    'wait once, though their process dies while it says that they wait',
    async () => {
      const { databaseUrl, redis, replicas, upstream } = bench;
      await Promise.all([replicas.start(), replicas.start()]);
      // Either this output is stored, or the step writes it again.
      const asking = steps.gate();
      upstream.next(scriptStream(['A dr', asking, 'aft']));
      const approval = await beginRun(replicas.all[0]!, { model: 'approval' });
      await asking.reached;
      const asked = await replicas.findWorker();
      const drafted = upstream.requests.length;
      const isKept = redis === undefined;
      await killAmidWait(databaseUrl, approval.id, asked.worker, () => asking.open(), isKept);
      expect((await endRun(asked.other, approval.id)).status).toBe('waiting');
      expect(upstream.requests).toHaveLength(drafted);
      upstream.next(scriptStream('It is out'));
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
});

/**
 * Kills a process while the database has received the wait of its run, but has not committed it.
 * @param goOn lets the run reach its wait
 * @param isKept false: the database rolls the wait back
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
  // Storing the same wait blocks until this transaction has ended.
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
