/**
 * What the Responses API costs beside chat completions, what storing a response adds, and whether a response or its log
 * costs more for each event the longer it gets: `npm run bench:responses`, or with a number of rounds after `--`. Loads
 * that are compared follow one another.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bench } from './bench.mjs';
import { writeMessage } from './order.mjs';
import { measureCost } from './processes/cost.mjs';
import { computeMedian, computeNoise } from './report/summary.mjs';
import { formatFigure, formatPercent, formatTable } from './report/table.mjs';

const ROUNDS = Number(process.argv[2] ?? 5);

/** Responses of 100 tokens and of 300, as models write them. */
const PACED = { model: 'chat', requests: 60, concurrency: 60, chunks: 100, rate: 50 };
const LONGER = { model: 'chat', requests: 40, concurrency: 40, chunks: 300, rate: 80 };
const AS_FAST_AS_IT_GOES = { model: 'chat', store: false };
const SHORT_STORED = { model: 'chat', store: true, requests: 200, concurrency: 4, chunks: 5 };
const MANY = 5_000;

const LOADS = {
  chat: { ...PACED, name: 'chat, 100 tokens' },
  response: { ...PACED, name: 'response, 100 tokens', store: false },
  stored: { ...PACED, name: 'stored response, 100 tokens', store: true },
  longer: { ...LONGER, name: 'response, 300 tokens', store: false },
  longerStored: { ...LONGER, name: 'stored response, 300 tokens', store: true },
  short: { ...AS_FAST_AS_IT_GOES, name: 'response, 1,000 events', requests: 10, concurrency: 1, chunks: 1_000 },
  long: { ...AS_FAST_AS_IT_GOES, name: 'response, 10,000 events', requests: 1, concurrency: 1, chunks: 10_000 },
  amongFew: { ...SHORT_STORED, name: 'stored response, 5 tokens, among some hundreds' },
  amongMany: { ...SHORT_STORED, name: 'stored response, 5 tokens, among 5,000' },
};
/** Logs that are read again, by the number of their deltas, which come too slowly to be joined. */
const LOGS = { shortLog: 200, longLog: 2_000 };
const LOG_RATE = 90;
/** Each log is read until this many events were read. */
const LOGGED_EVENTS = 6_000;

/** @type {readonly (readonly [what: string, dear: string, cheap: string, most: number])[]} */
const BOUNDS = [
  ['an event of a response / a chunk', 'response', 'chat', 1.3],
  ['a stored response / one that is not, 100 tokens', 'stored', 'response', 1.15],
  ['a stored response / one that is not, 300 tokens', 'longerStored', 'longer', 1.15],
  ['an event of 10,000 / of 1,000', 'long', 'short', 1.1],
  ['a stored response among 5,000 / among some hundreds', 'amongMany', 'amongFew', 1.1],
  ['an event read from a log of 2,000 / of 200', 'longLog', 'shortLog', 1.1],
];

const bench = new Bench();
const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
const makeFolderSettings = (name) => ({ RUNS_DIR: join(folder, name) });
try {
  await bench.start();
  const server = await bench.startTarget('millrace', makeFolderSettings('usual'));
  // Where nothing is joined, so that each token is an event.
  const unjoined = await bench.startTarget('millrace', { ...makeFolderSettings('unjoined'), STREAM_DEBOUNCE_MS: '0' });
  const full = await bench.startTarget('millrace', makeFolderSettings('full'));
  const few = await bench.startTarget('millrace', makeFolderSettings('few'));
  const servers = [server, unjoined, full, few];
  const targets = { short: unjoined, long: unjoined, amongMany: full, amongFew: few };
  for (const target of servers) {
    await bench.warmUp(target);
    await measure(target, { ...LOADS.short, name: 'warm-up' });
    await measure(target, { ...SHORT_STORED, name: 'warm-up' });
  }
  await measure(full, { ...SHORT_STORED, name: 'filling', requests: MANY, concurrency: 16, chunks: 1 });
  const logs = Object.fromEntries(
    await Promise.all(Object.entries(LOGS).map(async ([name, events]) => [name, await writeLog(server, events)])),
  );

  const samples = {};
  for (let round = 0; round < ROUNDS; round++) {
    const turns = [...Object.keys(LOADS), ...Object.keys(LOGS)];
    for (const name of round % 2 === 0 ? turns : turns.toReversed()) {
      const cost =
        name in LOADS ? measure(targets[name] ?? server, LOADS[name]) : readLog(server, logs[name], LOGS[name]);
      (samples[name] ??= []).push(await cost);
    }
  }
  for (const target of servers) await bench.stopTarget(target);
  print(samples);
} finally {
  await bench.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** @returns {Promise<number>} microseconds of CPU time for a token */
async function measure(target, load) {
  const { cpuPerChunk, lost, errors } = await bench.measure(target, load);
  const [fault] = Object.keys(errors);
  if (fault !== undefined || lost !== 0) throw new Error(`${load.name}: ${fault}, ${lost} lost`);
  return cpuPerChunk;
}

/** Makes a response in the background. @returns {Promise<string>} the address of its events */
async function writeLog({ url }, chunks) {
  const input = writeMessage({ chunks, pieces: 0, rate: LOG_RATE, hold: false });
  const body = JSON.stringify({ model: 'chat', background: true, stream: true, input });
  const responses = url.replace(/chat\/completions$/, 'responses');
  const response = await fetch(responses, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const text = await response.text();
  const id = /"id":"(resp_\w+)"/.exec(text)?.[1];
  if (id === undefined || !text.includes('response.completed')) throw new Error(`No log: ${text.slice(0, 200)}`);
  return `${responses}/${id}?stream=true`;
}

/** @returns {Promise<number>} microseconds of CPU time for an event of a log */
async function readLog({ child }, address, chunks) {
  const before = await measureCost(child);
  let events = 0;
  for (let read = 0; read < LOGGED_EVENTS / chunks; read++) {
    const text = await (await fetch(address)).text();
    events += text.split('\nevent: ').length;
  }
  return ((await measureCost(child)).cpu - before.cpu) / events;
}

function print(samples) {
  const names = {
    ...LOADS,
    shortLog: { name: 'log of 200 tokens, read again' },
    longLog: { name: 'log of 2,000, read again' },
  };
  const rows = Object.entries(samples).map(([name, values]) => [
    names[name].name,
    formatFigure(computeMedian(values)),
    formatFigure(Math.min(...values)),
    formatPercent(computeNoise(values)),
  ]);
  console.log(formatTable(['CPU time in microseconds for a token or event', 'median', 'least', 'noise'], rows));
  for (const [what, dear, cheap, most] of BOUNDS) {
    // Of the ratios of all rounds, since a round compares what was measured within seconds.
    const ratio = computeMedian(samples[dear].map((value, round) => value / samples[cheap][round]));
    const holds = ratio <= most;
    console.log(`${holds ? 'ok  ' : 'FAIL'}  ${what}: ${formatFigure(ratio)}, at most ${most}`);
    if (!holds) process.exitCode = 1;
  }
}
