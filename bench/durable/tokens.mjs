import { setTimeout as delay } from 'node:timers/promises';
import { measureCost } from '../processes/cost.mjs';
import { computeMedian } from '../report/summary.mjs';
import { beginRuns, finishRuns, waitForRuns } from './runs.mjs';
import { readServerTicks } from './server-cost.mjs';

const ROUNDS = 3;
/** Tokens of one run, and how many come in a second. */
const CHUNKS = 200;
const RATE = 20;
/** How long the database is measured while all runs write, in milliseconds. */
const STEADY_MS = 3_000;
const TICK_US = 10_000;

/**
 * CPU for an event of runs without readers, over that of a direct request for the same.
 * @param {number} runs how many at once
 */
export async function measureTokens({ bench, client, target, add }, runs) {
  const direct = [];
  const logged = [];
  const steady = [];
  const around = [];
  const load = { name: 'direct', model: 'chat', requests: runs, concurrency: runs, chunks: CHUNKS, rate: RATE };
  for (let round = 0; round < ROUNDS; round++) {
    direct.push((await bench.measure(target, load)).cpuPerChunk);
    const [before, ticks] = [await measureCost(target.child), await readServerTicks(client)];
    await beginRuns(target, runs, { chunks: CHUNKS, rate: RATE });
    const producing = await measureSteady(client);
    await finishRuns(client);
    // Their logs are packed after their end.
    await delay(500);
    logged.push(((await measureCost(target.child)).cpu - before.cpu) / runs / CHUNKS);
    const all = ((await readServerTicks(client)) - ticks) * TICK_US;
    steady.push(producing);
    around.push((all - producing * runs * CHUNKS) / runs / 1_000);
  }
  const what = `an event of ${runs} runs at ${RATE} a second`;
  const worker = computeMedian(logged) - computeMedian(direct);
  add(`${what}, over a direct request (${computeMedian(direct).toFixed(0)} us): the process`, worker, 'us', 15, 8);
  add('the same: the database, while they produce output', computeMedian(steady), 'us', 10, 6);
  add('the database: start, queueing and end of a run', computeMedian(around), 'ms');
}

/** @returns {Promise<number>} microseconds of the database for an event while all runs write */
async function measureSteady(client) {
  await waitForRuns(client, ['queued'], (count) => count === 0);
  await delay(200);
  const count = async () => {
    const { rows } = await client.query(
      'select coalesce(sum(last - first + 1), 0)::int as count from millrace.run_log',
    );
    return rows[0].count;
  };
  const [events, ticks] = [await count(), await readServerTicks(client)];
  await delay(STEADY_MS);
  const used = (await readServerTicks(client)) - ticks;
  return (used * TICK_US) / ((await count()) - events);
}
