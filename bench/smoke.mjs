/**
 * A guard, not a measurement: `npm run bench:smoke`. It compares within one run, and takes the least of several rounds.
 * A busy machine does not break its bounds, but these faults do: work that grows with the length of an output, a slow
 * way of reading the upstream, spoilt caches of the engine, or a stream that keeps all others waiting.
 */
import { Bench } from './bench.mjs';
import { measureOpenStream } from './open-streams.mjs';
import { PHASES } from './phases.mjs';
import { measureParsing } from './micro/parse.mjs';
import { timeDecoder } from './micro/structured.mjs';
import { formatFigure } from './report/table.mjs';

const ROUNDS = 5;

const BURST = { name: 'burst', model: 'chat', requests: 16, concurrency: 8, chunks: 500, limitMs: 15_000 };
/** The same number of chunks in short outputs and in long ones. */
const SHORT = { ...BURST, name: 'text of 500', requests: 20, concurrency: 2 };
const LONG = { ...SHORT, name: 'text of 5,000', requests: 2, chunks: 5_000 };
const SHORT_STRUCTURED = { ...SHORT, name: 'structured output of 500', model: 'streaming', chunks: 5, pieces: 500 };
const LONG_STRUCTURED = { ...SHORT_STRUCTURED, name: 'structured output of 5,000', requests: 2, pieces: 5_000 };

/** Mostly what a request costs, not what its chunks do. */
const CROWD = { ...BURST, name: '300 at a time', requests: 600, concurrency: 300, chunks: 40 };
const ONE_BY_ONE = { ...BURST, name: 'one by one', requests: 200, concurrency: 1, chunks: 5 };
const BESIDE = PHASES.fair.loads.at(-1);

/** In kB; docs/performance.md says what it is. */
const MOST_OF_A_STREAM = 40;

let failed = 0;

/** @param {string} what @param {number} value @param {number} most */
function check(what, value, most) {
  const holds = value <= most;
  if (!holds) failed++;
  console.log(`${holds ? 'ok  ' : 'FAIL'}  ${what}: ${formatFigure(value)}, at most ${most}`);
}

/** The least of a metric for each pair of target and load, measured in turn: CPU time per chunk, in microseconds. */
async function findLeast(bench, pairs, metric = 'cpuPerChunk') {
  const least = pairs.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, [target, load]] of pairs.entries()) {
      const { lost, errors, ...metrics } = await bench.measure(target, load);
      const [fault] = Object.keys(errors);
      if (fault !== undefined || lost !== 0) throw new Error(`${target.name}, ${load.name}: ${fault}, ${lost} lost`);
      least[index] = Math.min(least[index], metrics[metric]);
    }
  }
  return least;
}

async function checkServer() {
  const bench = new Bench();
  try {
    await bench.start();
    const [raw, express, millrace] = await Promise.all(
      ['raw', 'express-openai', 'millrace'].map((name) => bench.startTarget(name)),
    );
    for (const target of [raw, express, millrace]) await bench.warmUp(target);
    const [least, usual, ours, short, long, few, many] = await findLeast(bench, [
      [raw, BURST],
      [express, BURST],
      [millrace, BURST],
      [millrace, SHORT],
      [millrace, LONG],
      [millrace, SHORT_STRUCTURED],
      [millrace, LONG_STRUCTURED],
    ]);
    check('CPU per chunk of a burst, against raw', ours / least, 6);
    check('CPU per chunk of a burst, against express-openai', ours / usual, 0.7);
    check('CPU per chunk, texts of 5,000 chunks against 500', long / short, 1.2);
    check('CPU per chunk, structured outputs of 5,000 chunks against 500', many / few, 1.2);
    const [usualCrowd, ourCrowd, usualOne, ourOne] = await findLeast(bench, [
      [express, CROWD],
      [millrace, CROWD],
      [express, ONE_BY_ONE],
      [millrace, ONE_BY_ONE],
    ]);
    check('CPU per completion of 40 chunks, 300 at a time, against express-openai', ourCrowd / usualCrowd, 0.75);
    check('CPU per completion of 5 chunks, one by one, against express-openai', ourOne / usualOne, 1.1);
    const besides = [
      [raw, BESIDE],
      [millrace, BESIDE],
    ];
    const [leastWait, ourWait] = await findLeast(bench, besides, 'firstTokenP50');
    check('wait for a first token beside streams at full speed, against raw', ourWait / leastWait, 10);
    for (const target of [raw, express, millrace]) await bench.stopTarget(target);
  } finally {
    await bench.stop();
  }
}

async function checkParts() {
  const [ours, sdk] = await measureParsing({ rounds: ROUNDS });
  check("reading an upstream's events, against for await of the SDK's stream", ours.least / sdk.least, 0.6);
  const few = await timeDecoder(200, { rounds: ROUNDS });
  const many = await timeDecoder(8_000, { rounds: ROUNDS });
  check('decoding a piece, outputs of 8,000 pieces against 200', many.least / few.least, 2.5);
}

await checkParts();
check('heap of an open stream, in kB', await measureOpenStream(), MOST_OF_A_STREAM);
await checkServer();
process.exitCode = failed === 0 ? 0 : 1;
