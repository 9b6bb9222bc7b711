/** Compares two results of `npm run bench -- --json`: `npm run bench:compare -- before.json after.json`. */
import { readFileSync } from 'node:fs';
import { PHASES } from './phases.mjs';
import { computeMedian, computeNoise, listSamples } from './report/summary.mjs';
import { formatFigure, formatPercent, formatTable } from './report/table.mjs';

/** Where more is better. */
const MORE_IS_BETTER = new Set(['streamsPerSecond']);

/** @param {string} file @returns {import('./report/result.mjs').Result} */
function read(file) {
  const result = JSON.parse(readFileSync(file, 'utf8'));
  if (result.format !== 1) throw new Error(`${file} is no result of this bench.`);
  return result;
}

function listRows(before, after) {
  const names = Object.keys(before.targets).filter((name) => name in after.targets);
  return Object.values(PHASES).flatMap(({ loads, shows }) =>
    loads.flatMap((load) =>
      shows.flatMap((metric) => names.flatMap((name) => findRow(name, load.name, metric, before, after) ?? [])),
    ),
  );
}

function findRow(name, load, metric, before, after) {
  const [a, b] = [before, after].map(({ targets }) => listSamples(targets[name].loads[load], metric));
  if (a.length === 0 || b.length === 0) return undefined;
  const ratio = computeMedian(b) / computeMedian(a);
  const spread = Math.max(computeNoise(a), computeNoise(b));
  const [rawA, rawB] = [before, after].map((result) => computeTimesRaw(result, name, load, metric));
  return [
    [
      `${load} ${metric}`,
      name,
      formatFigure(computeMedian(a)),
      formatFigure(computeMedian(b)),
      formatFigure(ratio),
      formatPercent(spread),
      formatFigure(rawA),
      formatFigure(rawB),
      writeVerdict(metric, ratio, spread),
    ],
  ];
}

function computeTimesRaw({ targets }, name, load, metric) {
  const of = (target) => computeMedian(listSamples(targets[target]?.loads[load], metric));
  return of(name) / of('raw');
}

/** A verdict is given only if the difference is larger than that between the rounds of one result. */
function writeVerdict(metric, ratio, spread) {
  if (!Number.isFinite(spread)) return 'one round';
  if (Math.abs(ratio - 1) <= spread) return '';
  return ratio < 1 === MORE_IS_BETTER.has(metric) ? 'WORSE' : 'better';
}

const files = process.argv.slice(2);
if (files.length !== 2) {
  console.error('npm run bench:compare -- before.json after.json');
  process.exit(2);
}
const [before, after] = files.map(read);
for (const [file, { machine, options }] of [
  [files[0], before],
  [files[1], after],
]) {
  console.log(`${file}: ${machine.date}, ${machine.processor}, Node ${machine.node}, ${options.rounds} rounds`);
}
if (before.options.quick || after.options.quick) console.log('Quick results are not for comparing.');
console.log(
  `\n${formatTable(['', 'target', 'before', 'after', 'ratio', 'noise', 'x raw before', 'after', ''], listRows(before, after))}`,
);
