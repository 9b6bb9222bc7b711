/**
 * How long servers take to start, and what they hold then: `npm run bench:start`, or with a number of rounds after
 * `--`. Each round starts each of them in a process of its own, asks it until it responds, and stops it a second later.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatFigure, formatTable } from './report/table.mjs';
import { computeMedian } from './report/summary.mjs';
import { readMachineFacts } from './report/result.mjs';
import { readTargetStart } from './targets/index.mjs';

const ROUNDS = Number(process.argv[2] ?? 9);
/** A second after the start, when all that it loads beside its listening is there. */
const SETTLED_MS = 1_000;
const LONGEST_MS = 60_000;

/** The upstream is never asked: an address with a listener is enough. */
const upstream = createServer().listen(0, '127.0.0.1');
await once(upstream, 'listening');
const address = `http://127.0.0.1:${upstream.address().port}`;

const {
  OPENAI_BASE_URL: _url,
  OPENAI_API_KEY: _key,
  NODE_ENV: _production,
  ...demo
} = readTargetStart('millrace', address).env;
const SERVERS = {
  'Millrace, as it comes': { ...readTargetStart('millrace', address), env: demo },
  'Millrace with OpenAI': readTargetStart('millrace', address),
  'Express with the openai SDK': readTargetStart('express-openai', address),
};

/** @returns {Promise<{ ms: number, cpu: number, mb: number }>} */
async function measure({ args, cwd, env }) {
  const begin = performance.now();
  const child = spawn(process.execPath, args, {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const url = await findUrl(child);
    const response = await fetch(`${url}/v1/models`);
    await response.arrayBuffer();
    const ms = performance.now() - begin;
    const cpu = readCpuMs(child.pid);
    await sleep(SETTLED_MS);
    return { ms, cpu, mb: readResidentMb(child.pid) };
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

async function findUrl(child) {
  for await (const line of on(child.stdout)) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error('The server has ended');
}

/** Lines, as long as the server takes to say where it is. */
function on(stream) {
  return createInterface({ input: stream, signal: AbortSignal.timeout(LONGEST_MS) });
}

/** Of all threads, in milliseconds. */
function readCpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function readResidentMb(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1_024;
}

const samples = Object.fromEntries(Object.keys(SERVERS).map((name) => [name, []]));
for (let round = -1; round < ROUNDS; round++) {
  for (const [name, server] of Object.entries(SERVERS)) {
    const sample = await measure(server);
    // The first round fills the caches of the system.
    if (round >= 0) samples[name].push(sample);
  }
}
upstream.close();
console.log(JSON.stringify(readMachineFacts()));
const rows = Object.entries(samples).map(([name, rounds]) => [
  name,
  formatFigure(computeMedian(rounds.map(({ ms }) => ms))),
  formatFigure(Math.min(...rounds.map(({ ms }) => ms))),
  formatFigure(computeMedian(rounds.map(({ cpu }) => cpu))),
  formatFigure(computeMedian(rounds.map(({ mb }) => mb))),
]);
console.log(formatTable(['start', 'ms until it responds', 'least', 'ms of CPU time', 'MB after it'], rows));
