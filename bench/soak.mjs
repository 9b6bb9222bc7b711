/**
 * Does anything stay behind? `npm run bench:soak` sends tens of thousands of requests to the built service, among them
 * ones that are left, fail, are pipelined, are never read, or are no requests at all, and then compares what the
 * process holds with what it held before: heap after a collection of garbage, sockets, timers, file descriptors and
 * gauges. Exits with 1 if anything is left, or if a client did not get the response that it should.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Child } from './processes/child.mjs';
import { formatTable } from './report/table.mjs';
import { Clients } from './soak/clients.mjs';
import { compareLevels, writeLevels, readLevels } from './soak/levels.mjs';
import { readTargetStart } from './targets/index.mjs';

/** What clients do, and how often. Some of those of one kind stand for several requests. */
const KINDS = {
  stream: { count: 18_200, title: 'short streams' },
  pipeline: { count: 450, title: '  7 on one connection, each with its response' },
  abort: { count: 2_600, title: 'left, before or during the response or the request' },
  pipelineAndReset: { count: 60, title: '  5 on one connection, then reset' },
  stall: { count: 100, title: '  that never read' },
  askFailingUpstream: { count: 1_300, title: 'failed upstream' },
  sendBadRequest: { count: 640, title: 'bad requests' },
  sendNoHttp: { count: 60, title: '  bytes that are not HTTP during a response' },
};
const CONCURRENCY = 48;
/** The first part of each kind: caches, pools and compiled code are there before anything is measured. */
const WARM_UP = 0.1;
/** How long everything may take, and how long a server may need to come to rest, in milliseconds. */
const LIMIT_MS = 240_000;
const LONGEST_REST_MS = 45_000;
/** Idle connections to the upstream are closed by then. */
const UPSTREAM_IDLE_MS = 8_000;
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/;

/**
 * One client after another, so many at a time, the kinds mixed evenly.
 * @param {Clients} clients @param {number} part of the counts
 */
async function send(clients, part) {
  const jobs = Object.entries(KINDS).flatMap(([kind, { count }]) => {
    const number = Math.ceil(count * part);
    return Array.from({ length: number }, (_, index) => ({ kind, index, place: (index + 0.5) / number }));
  });
  jobs.sort((a, b) => a.place - b.place);
  /** @type {Map<string, { done: number, faults: Map<string, number> }>} */
  const results = new Map(Object.keys(KINDS).map((kind) => [kind, { done: 0, faults: new Map() }]));
  const waiting = jobs.values();
  const lane = async () => {
    for (const { kind, index } of waiting) {
      const result = results.get(kind);
      try {
        await clients[kind](index);
        result.done++;
      } catch (error) {
        const words = error.code ?? error.message;
        result.faults.set(words, (result.faults.get(words) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  clients.leave();
  return results;
}

/** Waits until no value above its level falls any more. */
async function rest(target, before) {
  const deadline = performance.now() + LONGEST_REST_MS;
  for (;;) {
    const levels = await readLevels(target);
    if (compareLevels(before, levels).every(({ holds }) => holds) || performance.now() > deadline) return levels;
    await delay(1_000);
  }
}

async function main(scale) {
  const folder = join(import.meta.dirname, 'soak');
  const upstream = new Child([join(folder, 'upstream.mjs')], { channel: true });
  const [upstreamUrl] = await upstream.waitForOutput(ADDRESS);
  const start = readTargetStart('millrace', upstreamUrl);
  const reporter = ['--expose-gc', '--import', join(folder, 'report-levels.mjs')];
  const child = new Child([...reporter, ...start.args], { cwd: start.cwd, env: start.env, channel: true });
  try {
    const [address] = await child.waitForOutput(ADDRESS);
    const target = { url: `${address}/v1/chat/completions`, child };
    await send(new Clients(target.url), WARM_UP * scale);
    await delay(UPSTREAM_IDLE_MS);
    const before = await readLevels(target);
    const began = performance.now();
    const results = await send(new Clients(target.url), scale);
    const seconds = (performance.now() - began) / 1e3;
    report(results, seconds, compareLevels(before, await rest(target, before)));
  } finally {
    await Promise.all([child.stop(), upstream.stop()]);
  }
}

function report(results, seconds, levels) {
  const rows = [...results].map(([kind, { done, faults }]) => {
    const wrong = [...faults.values()].reduce((sum, count) => sum + count, 0);
    return [KINDS[kind].title, String(done + wrong), String(done), String(wrong), wrong === 0 ? 'ok' : 'FAIL'];
  });
  console.log(
    `${formatTable(['clients', 'sent', 'as they should be', 'otherwise', ''], rows)}\n(${seconds.toFixed(0)} s)\n`,
  );
  const shown = levels.map(({ name, before, after, most, holds }) => [
    name,
    ...[before, after, most].map((value) => writeLevels(name, value)),
    holds ? 'ok' : 'FAIL',
  ]);
  console.log(formatTable(['level', 'before', 'after', 'at most', ''], shown));
  for (const [kind, { faults }] of results) {
    for (const [words, count] of faults) console.log(`${KINDS[kind].title.trim()}: ${count} times: ${words}`);
  }
  const holds = levels.every((level) => level.holds) && [...results.values()].every(({ faults }) => faults.size === 0);
  process.exitCode = holds ? 0 : 1;
}

const { values } = parseArgs({ options: { part: { type: 'string', default: '1' } } });
setTimeout(() => {
  console.error(`Not over after ${LIMIT_MS / 1e3} s.`);
  process.exit(1);
}, LIMIT_MS).unref();
await main(Number(values.part));
