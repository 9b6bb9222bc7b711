import { computeMedian } from '../report/summary.mjs';
import { beginRuns, waitForRuns } from './runs.mjs';

const QUEUED = 5_000;
/** Number of active runs, which take the places of the queued ones. */
const AT_WORK = 4;
const ROUNDS = 5;
const SHORT = { name: 'direct, short', model: 'chat', requests: 200, concurrency: 4, chunks: 5, rate: 0 };

/** First tokens of direct requests, with and without thousands of runs that wait for their turn. */
export async function measureQueued({ bench, client, env, add }) {
  const target = await bench.startTarget('millrace', { ...env, RUNS_CONCURRENCY: String(AT_WORK) });
  await bench.warmUp(target);
  // A token each half minute: these runs hold their places.
  await beginRuns(target, AT_WORK, { chunks: 100, rate: 1 / 30 });
  await waitForRuns(client, ['running'], (count) => count === AT_WORK);
  const measure = async () => (await bench.measure(target, SHORT)).firstTokenP50;
  const without = [];
  const beside = [];
  for (let round = 0; round < ROUNDS; round++) without.push(await measure());
  await beginRuns(target, QUEUED, { chunks: 1, rate: 0 });
  for (let round = 0; round < ROUNDS; round++) beside.push(await measure());
  const { rows } = await client.query(
    `select count(*)::int as kept, count(job.id)::int as put from millrace.runs
     left join bullmq.job on job.id = runs.id || '-' || wakes where status = 'queued'`,
  );
  add('of these lost by the store or the queue', QUEUED - Math.min(rows[0].kept, rows[0].put), 'runs', 0, 0);
  await client.query(
    "delete from bullmq.job where id in (select id || '-' || wakes from millrace.runs where status = 'queued')",
  );
  await client.query("delete from millrace.runs where status = 'queued'");
  // Measured once more, because other work on the machine varies.
  for (let round = 0; round < ROUNDS; round++) without.push(await measure());
  add(
    `first token of a direct request beside ${QUEUED} queued runs, over one without`,
    computeMedian(beside) / computeMedian(without),
    'x',
    1.1,
    1,
  );
  await bench.stopTarget(target);
  await client.query('drop schema bullmq cascade');
  await client.query('delete from millrace.runs');
}
