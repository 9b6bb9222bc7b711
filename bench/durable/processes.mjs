import { setTimeout as delay } from 'node:timers/promises';
import { computeMedian } from '../report/summary.mjs';
import { beginRuns, finishRuns, readEvents, makeRunsUrl } from './runs.mjs';

const READINGS = 5;
const KILLS = 4;
const RUNS = 300;

/** The way of a token from the process that has it to a reader in another one. */
export async function measureReaders({ bench, env, add }) {
  const targets = await Promise.all([bench.startTarget('millrace', env), bench.startTarget('millrace', env)]);
  const times = [];
  for (let reading = 0; reading < READINGS; reading++) {
    const [id] = await beginRuns(targets[0], 1, { chunks: 60, rate: 20 });
    const see = ({ type, at }) => void (type === 'delta' && times.push(Date.now() - at));
    await Promise.all(targets.map((target) => readEvents(target, id, see)));
  }
  // One of the two readers is in the process of the run: the slower half is that of the other one.
  const sorted = times.toSorted((one, other) => one - other);
  const slower = sorted.slice(sorted.length / 2);
  add('a token to a reader in another process, p50', slower[Math.floor(slower.length / 2)], 'ms', 50, 20);
  add('the same, p99', slower[Math.floor(slower.length * 0.98)], 'ms', 200, 60);
  for (const target of targets) await bench.stopTarget(target);
}

/** How soon runs of a killed process continue in another one. */
export async function measureKills({ bench, env, add }) {
  for (const others of [1, 2]) {
    const times = [];
    const readers = [];
    for (let count = 0; count < others; count++) readers.push(await bench.startTarget('millrace', env));
    for (let kill = 0; kill < KILLS; kill++) {
      const worker = await bench.startTarget('millrace', env);
      const ids = await beginRuns(worker, 4 * others, { chunks: 400, rate: 20 });
      await delay(1_500);
      const killedAt = Date.now();
      process.kill(worker.child.pid, 'SIGKILL');
      const see = ({ type }) => (type === 'run-resumed' ? Date.now() - killedAt : undefined);
      // Runs of other processes continue to their end.
      const left = ids.map((id) =>
        Promise.race([readEvents(readers[0], id, see), delay(15_000, undefined, { ref: false })]),
      );
      times.push(...(await Promise.all(left)).filter((time) => time !== undefined));
      for (const id of ids) await fetch(`${makeRunsUrl(readers[0])}/${id}/cancel`, { method: 'POST' });
    }
    for (const reader of readers) await bench.stopTarget(reader);
    const what = `until runs of one of ${others + 1} processes continue that was killed`;
    add(`${what}, median of ${times.length}`, computeMedian(times) / 1_000, 's', 15, 7);
    add('the same, longest', Math.max(...times) / 1_000, 's', 15, 7);
  }
}

/** How many short runs a number of processes do in a second. */
export async function measureProcesses({ bench, client, env, add }) {
  for (const count of [1, 2, 3]) {
    const targets = [];
    for (let made = 0; made < count; made++) targets.push(await bench.startTarget('millrace', env));
    for (const target of targets) await beginRuns(target, 30, { chunks: 20, rate: 0 });
    await finishRuns(client);
    const began = performance.now();
    await Promise.all(targets.map((target) => beginRuns(target, RUNS / count, { chunks: 20, rate: 0 })));
    await finishRuns(client);
    add(
      `runs of 20 tokens in ${count} process${count === 1 ? '' : 'es'}`,
      (RUNS / (performance.now() - began)) * 1e3,
      '/ s',
    );
    for (const target of targets) await bench.stopTarget(target);
  }
}
