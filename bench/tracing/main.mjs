/**
 * What tracing to Langfuse costs: `npm run bench:tracing`. Two servers, with Langfuse and without, get the same loads
 * in turn; the CPU time includes the delivery of the traces.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Bench } from '../bench.mjs';
import { computeMedian, computeNoise } from '../report/summary.mjs';
import { formatFigure, formatPercent, formatTable } from '../report/table.mjs';

const ROUNDS = 5;
/** Longer than traces wait for others to be sent with, in milliseconds. */
const SILENCE_MS = 2_500;
const LONGEST_DELIVERY_MS = 20_000;
const INPUT_CHARACTERS = 20_000;

/**
 * Completions at the pace of a model, and short completions of long prompts. A trace has a run, a step and a model
 * call.
 */
const PACED = { name: 'paced', model: 'chat', requests: 60, concurrency: 60, chunks: 150, rate: 50 };
const LONG_INPUT = {
  name: 'long input',
  model: 'chat',
  // V8 needs about a thousand before the cost of one is steady.
  requests: 1_000,
  concurrency: 4,
  chunks: 5,
  padding: INPUT_CHARACTERS,
};

const MOST_PER_CHUNK = 1.15;
const MOST_PER_TRACE_US = 1_500;

const bench = new Bench();
try {
  await bench.start();
  const sink = await bench.startHelper('tracing/sink.mjs');
  const off = await bench.startTarget('millrace');
  const on = await bench.startTarget('millrace', {
    LANGFUSE_PUBLIC_KEY: 'pk-lf-bench',
    LANGFUSE_SECRET_KEY: 'sk-lf-bench',
    LANGFUSE_BASE_URL: sink.url,
    LANGFUSE_INGESTION: 'otlp',
  });
  // Until all traces are delivered: that is a part of their cost.
  const settle = () => waitForDelivery(sink.child);
  for (const target of [off, on]) {
    await bench.warmUp(target);
    await measureWithoutErrors(target, LONG_INPUT, settle);
  }

  const perChunk = { off: [], on: [] };
  const perTrace = { off: [], on: [] };
  const targets = Object.entries({ off, on });
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, target] of round % 2 === 0 ? targets : targets.toReversed()) {
      perChunk[name].push((await measureWithoutErrors(target, PACED, settle)).cpuPerChunk);
      const before = await sink.child.ask({ type: 'received' });
      perTrace[name].push((await measureWithoutErrors(target, LONG_INPUT, settle)).cpuPerRequest);
      const { bytes } = await sink.child.ask({ type: 'received' });
      if (name === 'on') assertArrived(bytes - before.bytes);
    }
  }
  for (const target of [off, on]) await bench.stopTarget(target);
  await sink.child.stop();
  print(perChunk, perTrace);
} finally {
  await bench.stop();
}

async function measureWithoutErrors(target, load, settle) {
  const result = await bench.measure(target, load, settle);
  const [fault] = Object.keys(result.errors);
  if (fault !== undefined) throw new Error(`${load.name}: ${fault}`);
  return result;
}

/** Waits until no more traces come. */
async function waitForDelivery(sink) {
  await delay(SILENCE_MS);
  for (const deadline = performance.now() + LONGEST_DELIVERY_MS; performance.now() < deadline; await delay(100)) {
    const { silentMs } = await sink.ask({ type: 'received' });
    if (silentMs >= SILENCE_MS) return;
  }
  throw new Error('The delivery of the traces does not end.');
}

/** Traces that are dropped, or hold no input, cost little: that would be no result. */
function assertArrived(bytes) {
  const expected = LONG_INPUT.requests * 3 * INPUT_CHARACTERS;
  if (bytes < expected)
    throw new Error(`${bytes} bytes of traces came, not the ${expected} and more that were expected.`);
}

function print(perChunk, perTrace) {
  const ratio = computeMedian(perChunk.on) / computeMedian(perChunk.off);
  const trace = computeMedian(perTrace.on) - computeMedian(perTrace.off);
  const least = (samples) => Math.min(...samples);
  const row = (name, samples) => [
    name,
    ...['off', 'on'].flatMap((which) => [
      formatFigure(computeMedian(samples[which])),
      formatFigure(least(samples[which])),
      formatPercent(computeNoise(samples[which])),
    ]),
  ];
  console.log(
    formatTable(
      ['CPU time in microseconds', 'off', 'least', 'noise', 'on', 'least', 'noise'],
      [row('per chunk', perChunk), row(`per request, ${INPUT_CHARACTERS} characters of input`, perTrace)],
    ),
  );
  check(`per chunk, on/off: ${formatFigure(ratio)}, at most ${MOST_PER_CHUNK}`, ratio <= MOST_PER_CHUNK);
  check(`per trace, on - off: ${formatFigure(trace)} us, at most ${MOST_PER_TRACE_US}`, trace <= MOST_PER_TRACE_US);
}

function check(what, holds) {
  console.log(`${holds ? 'ok  ' : 'FAIL'}  ${what}`);
  if (!holds) process.exitCode = 1;
}
