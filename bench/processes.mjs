/**
 * How many responses a second one process sends, and how many several processes send that share the port
 * (WEB_CONCURRENCY): `npm run bench:processes -- 1,2,4`. It needs a processor for each of them and one
 * more for upstream and clients; the last column says whether those were the limit.
 */
import { availableParallelism } from 'node:os';
import { Bench } from './bench.mjs';
import { computeMedian } from './report/summary.mjs';
import { formatFigure, formatPercent, formatTable } from './report/table.mjs';

const ROUNDS = 5;
/** Each process compiles its own code: it must have had some thousand requests before it is measured. */
const WARM_UP_LOADS = 5;
const CROWD = {
  name: 'crowd',
  model: 'chat',
  requests: 2_000,
  concurrency: 1_000,
  chunks: 40,
  startsPerSecond: 4_000,
};

const counts = (process.argv[2] ?? '1,2').split(',').map(Number);
if (!counts.every((count) => Number.isInteger(count) && count > 0)) {
  console.error('Say how many processes, such as: npm run bench:processes -- 1,2,4');
  process.exit(2);
}

/** @type {Map<number, { streams: number[], loadBusy: number[] }>} */
const results = new Map(counts.map((count) => [count, { streams: [], loadBusy: [] }]));
const bench = new Bench({ targetProcessors: Math.max(...counts) });
try {
  await bench.start();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [count, result] of results) {
      process.stderr.write(`round ${round + 1} of ${ROUNDS}, ${count}\n`);
      const target = await bench.startTarget('millrace', { WEB_CONCURRENCY: String(count) });
      for (let i = 0; i < WARM_UP_LOADS; i++) await bench.measure(target, CROWD);
      const { streamsPerSecond, loadBusy, upstreamBusy, errors, lost } = await bench.measure(target, CROWD);
      if (lost !== 0 || Object.keys(errors).length > 0) throw new Error(`${lost} lost, ${JSON.stringify(errors)}`);
      result.streams.push(streamsPerSecond);
      result.loadBusy.push(loadBusy + upstreamBusy);
      await bench.stopTarget(target);
    }
  }
} finally {
  await bench.stop();
}

const first = computeMedian([...results.values()][0].streams);
const rows = [...results].map(([count, { streams, loadBusy }]) => [
  String(count),
  formatFigure(computeMedian(streams)),
  formatFigure(computeMedian(streams) / first),
  `${formatFigure(Math.min(...streams))} to ${formatFigure(Math.max(...streams))}`,
  formatPercent(computeMedian(loadBusy)),
]);
console.log(`${availableParallelism()} processors; ${bench.description.pinning}; medians of ${ROUNDS} rounds`);
console.log(formatTable(['processes', 'responses/s', 'x first', 'rounds', 'load busy'], rows));
