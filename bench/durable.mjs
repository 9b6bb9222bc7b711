/**
 * What runs cost that outlive their requests, on PostgreSQL: CPU for a token beside a direct request, the way of a token to a reader in
 * another process, how soon runs of a killed process go on, and whether direct requests notice thousands that wait. To be called with
 * an empty database on this machine: `RUNS_DATABASE_URL=postgres://localhost:5432/bench npm run bench:durable`
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { Bench } from './bench.mjs';
import { readServerTicks } from './durable/server-cost.mjs';
import { messageFor } from './order.mjs';
import { measureCost } from './processes/cost.mjs';
import { median } from './report/summary.mjs';
import { figure, table } from './report/table.mjs';

const RUNS = 300;
/** Tokens of one run, and how many come in a second. */
const CHUNKS = 100;
const RATE = 20;
const KILLS = 5;
const WAITING = 5_000;
const ROUNDS = 5;
const DIRECT = { name: 'direct', model: 'chat', requests: RUNS, concurrency: RUNS, chunks: CHUNKS, rate: RATE };
const SHORT = { name: 'direct, short', model: 'chat', requests: 200, concurrency: 4, chunks: 5, rate: 0 };

const databaseUrl = process.env.RUNS_DATABASE_URL;
if (databaseUrl === undefined)
  throw new Error('RUNS_DATABASE_URL is wanted: the address of an empty database on this machine');
const client = new pg.Client({ connectionString: databaseUrl });
await client.connect();
const bench = new Bench();
const env = { RUNS_DATABASE_URL: databaseUrl, RUNS_CONCURRENCY: '1000', LIMIT_QUEUED_RUNS: '100000', METRICS: 'on' };
const rows = [];
/** @type {(what: string, value: number, unit: string, most: number) => void} */
const add = (what, value, unit, most) => {
  rows.push([what, `${figure(value)} ${unit}`, `at most ${most}`]);
  if (value > most) process.exitCode = 1;
};

try {
  await bench.start();
  const first = await bench.startTarget('millrace', env);
  await bench.warmUp(first);
  await finishRuns(first, await beginRuns(first, 50, { chunks: 20, rate: 0 }));
  await measureTokens(first);
  await measureWaiting(first);
  await bench.stopTarget(first);
  await measureReaders();
  await measureKills();
  console.log(table(['Runs on PostgreSQL', 'measured', 'bound'], rows));
} finally {
  await bench.stop();
  await client.end();
}

async function measureTokens(target) {
  const direct = [];
  const logged = [];
  const server = [];
  for (let round = 0; round < 3; round++) {
    const { cpuPerChunk } = await bench.measure(target, DIRECT);
    direct.push(cpuPerChunk);
    const [before, ticks] = [await measureCost(target.child), await readServerTicks(client)];
    await finishRuns(target, await beginRuns(target, RUNS, { chunks: CHUNKS, rate: RATE }));
    logged.push(((await measureCost(target.child)).cpu - before.cpu) / RUNS / CHUNKS);
    server.push((((await readServerTicks(client)) - ticks) * 10_000) / RUNS / CHUNKS);
  }
  add(
    'a token of a logged run that nobody reads, beyond a direct one: the worker',
    median(logged) - median(direct),
    'us',
    15,
  );
  add('the same: the database', median(server), 'us', 10);
}

/** First tokens of direct requests, with and without thousands that wait. */
async function measureWaiting(target) {
  const without = [];
  const beside = [];
  for (let round = 0; round < ROUNDS; round++) without.push((await bench.measure(target, SHORT)).firstTokenP50);
  const far = Math.floor(Date.now() / 1_000) + 3_600;
  const ids = await beginRuns(target, WAITING, { chunks: 1, rate: 0 }, { run_at: far });
  for (let round = 0; round < ROUNDS; round++) beside.push((await bench.measure(target, SHORT)).firstTokenP50);
  add(
    `first token of a direct request beside ${WAITING} runs that wait, over one without`,
    median(beside) / median(without),
    'x',
    1.1,
  );
  const { rows: counted } = await client.query(
    "select count(*)::int as count from millrace.runs where status = 'queued'",
  );
  if (counted[0].count < ids.length) throw new Error(`${ids.length - counted[0].count} of ${ids.length} runs are lost`);
  await client.query("delete from millrace.runs where status = 'queued'");
}

/** The way of a token from the process that has it to a reader in another one. */
async function measureReaders() {
  const targets = await Promise.all([bench.startTarget('millrace', env), bench.startTarget('millrace', env)]);
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [id] = await beginRuns(targets[0], 1, { chunks: 60, rate: RATE });
    await Promise.all(
      targets.map((target) =>
        readEvents(target, id, ({ type, at }) => type === 'delta' && times.push(Date.now() - at)),
      ),
    );
  }
  // One of the two readers is where the run is at work: the slower half is the other one.
  const sorted = times.toSorted((one, other) => one - other);
  const slower = sorted.slice(sorted.length / 2);
  add('a token to a reader in another process, p50', slower[Math.floor(slower.length / 2)], 'ms', 50);
  add('the same, p99', slower[Math.floor(slower.length * 0.98)], 'ms', 200);
  for (const target of targets) await bench.stopTarget(target);
}

async function measureKills() {
  const times = [];
  let reader = await bench.startTarget('millrace', env);
  for (let kill = 0; kill < KILLS; kill++) {
    const worker = await bench.startTarget('millrace', { ...env, PORT: '0' });
    const ids = await beginRuns(worker, 4, { chunks: 400, rate: RATE });
    await delay(1_500);
    const killedAt = Date.now();
    process.kill(worker.child.pid, 'SIGKILL');
    const resumed = ids.map((id) =>
      readEvents(reader, id, ({ type }) => type === 'run-resumed' && Date.now() - killedAt),
    );
    const taken = (await Promise.all(resumed)).filter((time) => typeof time === 'number');
    times.push(...taken);
    for (const id of ids) await fetch(`${runsUrl(reader)}/${id}/cancel`, { method: 'POST' });
  }
  add('until runs of a killed process go on, median', median(times) / 1_000, 's', 15);
  add('the same, longest', Math.max(...times) / 1_000, 's', 15);
  await bench.stopTarget(reader);
}

function runsUrl({ url }) {
  return url.replace(/chat\/completions$/, 'runs');
}

/** @returns {Promise<readonly string[]>} the ids of the runs */
async function beginRuns(target, count, { chunks, rate }, more = {}) {
  const input = messageFor({ chunks, pieces: 0, rate, hold: false });
  const body = JSON.stringify({ model: 'chat', input, ...more });
  const ids = [];
  const begin = async () => {
    const response = await fetch(runsUrl(target), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`);
    ids.push((await response.json()).id);
  };
  while (ids.length < count) await Promise.all(Array.from({ length: Math.min(50, count - ids.length) }, begin));
  return ids;
}

async function finishRuns(target, ids) {
  for (const id of ids) {
    for (;;) {
      const { status } = await (await fetch(`${runsUrl(target)}/${id}`)).json();
      if (status === 'completed') break;
      if (status !== 'queued' && status !== 'running') throw new Error(`A run has ${status}`);
      await delay(200);
    }
  }
}

/**
 * Reads the events of a run until there are no more, or `see` returns a number.
 * @returns {Promise<number | undefined>}
 */
async function readEvents(target, id, see) {
  const abort = new AbortController();
  const { body } = await fetch(`${runsUrl(target)}/${id}/events`, { signal: abort.signal });
  let rest = '';
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const found = line.startsWith('data: {') ? see(JSON.parse(line.slice(6))) : undefined;
      if (typeof found === 'number' && line.includes('run-resumed')) {
        abort.abort();
        return found;
      }
    }
  }
  return undefined;
}
