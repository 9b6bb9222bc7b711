/**
 * Measures what runs that outlive their requests cost, against limits and aims: CPU for an event, the way of a token to
 * a reader in another process, how soon runs of a killed process continue, runs that wait, whether thousands of queued
 * runs slow direct requests down, and what is installed and started for them. Call it with an empty database on this
 * machine: `RUNS_DATABASE_URL=postgres://localhost:5432/bench npm run bench:durable`, or some parts of it, as in
 * `… -- tokens,kills`. Exits with 1 if a figure exceeds its limit.
 */
import { availableParallelism } from 'node:os';
import pg from 'pg';
import { Bench } from './bench.mjs';
import { measureInstall } from './durable/install.mjs';
import { measureKills, measureProcesses, measureReaders } from './durable/processes.mjs';
import { measureQueued } from './durable/queued.mjs';
import { beginRuns, finishRuns } from './durable/runs.mjs';
import { measureTokens } from './durable/tokens.mjs';
import { measureWaits } from './durable/waits.mjs';
import { readMachineFacts } from './report/result.mjs';
import { formatFigure, formatTable } from './report/table.mjs';

/** Runs at the same time: as many as two processors can serve together with the model, the clients and the database. */
const RUNS = 1_000;
const RUNS_OF_TWO_PROCESSORS = 300;

const PARTS = {
  tokens: async (tools) => {
    const target = await tools.bench.startTarget('millrace', tools.env);
    await tools.bench.warmUp(target);
    await beginRuns(target, 50, { chunks: 20, rate: 0 });
    await finishRuns(tools.client);
    await measureTokens({ ...tools, target }, availableParallelism() < 4 ? RUNS_OF_TWO_PROCESSORS : RUNS);
    await tools.bench.stopTarget(target);
  },
  queued: measureQueued,
  readers: measureReaders,
  kills: measureKills,
  processes: measureProcesses,
  waits: measureWaits,
  install: measureInstall,
};

const databaseUrl = process.env.RUNS_DATABASE_URL;
if (databaseUrl === undefined)
  throw new Error('RUNS_DATABASE_URL is wanted: the address of an empty database on this machine');
const wanted = process.argv[2]?.split(',') ?? Object.keys(PARTS);
const client = new pg.Client({ connectionString: databaseUrl });
await client.connect();
const bench = new Bench();
const env = { RUNS_DATABASE_URL: databaseUrl, RUNS_CONCURRENCY: '1000', LIMIT_QUEUED_RUNS: '100000', METRICS: 'on' };
const rows = [];
const formatBound = (value) => (value === undefined ? '' : String(value));
/** @type {(what: string, value: number, unit: string, most?: number, aim?: number) => void} */
const add = (what, value, unit, most, aim) => {
  rows.push([
    what,
    `${formatFigure(value)} ${unit}`,
    formatBound(most),
    formatBound(aim),
    most !== undefined && value > most ? 'MORE' : '',
  ]);
  if (most !== undefined && !(value <= most)) process.exitCode = 1;
};

try {
  await bench.start();
  for (const part of wanted) await PARTS[part]({ bench, client, env, add });
} finally {
  console.log(JSON.stringify(readMachineFacts()));
  console.log(formatTable(['Durable runs', 'measured', 'at most', 'aim', ''], rows));
  await bench.stop();
  await client.end();
}
