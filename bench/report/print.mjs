import { PHASES } from '../phases.mjs';
import { computeMedian, computeNoise, listSamples } from './summary.mjs';
import { formatFigure, formatPercent, formatTable } from './table.mjs';

/** Targets that the others are compared with. */
const BASELINES = ['raw', 'express-openai'];

const COLUMNS = [
  ['CPU us/chunk', 'cpuPerChunk', formatFigure],
  ['us/request', 'cpuPerRequest', formatFigure],
  ['first p50', 'firstTokenP50', formatFigure],
  ['p99', 'firstTokenP99', formatFigure],
  ['token p50', 'tokenP50', formatFigure],
  ['p99', 'tokenP99', formatFigure],
  ['gap p99', 'gapP99', formatFigure],
  ['MB', 'memory', (kilobytes) => formatFigure(kilobytes / 1024)],
  ['busy', 'targetBusy', formatPercent],
];

/**
 * A result for people.
 * @param {import('./result.mjs').Result} result
 */
export function report(result) {
  const { machine, options } = result;
  return [
    `${machine.processor}, ${machine.processors} processors, ${machine.system}, Node ${machine.node}, ${machine.date}`,
    `${machine.pinning}; cost by ${machine.cost}; medians of ${options.rounds} rounds${options.quick ? ', quick: figures say little' : ''}`,
    'Times in microseconds. What the columns mean: bench/README.md.',
    ...result.phases.flatMap((name) => makePhaseTables(name, result)),
    makeStartTable(result),
  ].join('\n\n');
}

function makePhaseTables(name, { targets }) {
  const { title, loads, growth } = PHASES[name];
  const tables = loads.map((load) => `${load.name}: ${title}\n${makeLoadTable(load, targets)}`);
  return growth ? [...tables, makeGrowthTable(name, loads, targets)] : tables;
}

function makeLoadTable(load, targets) {
  const names = Object.keys(targets);
  const baselines = BASELINES.filter((baseline) => names.includes(baseline));
  const value = (target, metric) => computeMedian(listSamples(targets[target].loads[load.name], metric));
  const [cost, ...others] = load.hold ? [['kB/stream', 'memoryPerStream', formatFigure], ...COLUMNS] : COLUMNS;
  const [costTitle, costMetric] = cost;
  const head = [
    'target',
    costTitle,
    'noise',
    ...baselines.map((baseline) => `x ${baseline}`),
    ...others.map(([title]) => title),
    'lost',
    'errors',
  ];
  const rows = names.map((name) => [
    name,
    formatFigure(value(name, costMetric)),
    formatPercent(computeNoise(listSamples(targets[name].loads[load.name], costMetric))),
    ...baselines.map((baseline) => formatFigure(value(name, costMetric) / value(baseline, costMetric))),
    ...others.map(([, metric, format]) => format(value(name, metric))),
    String(addUp(targets[name].loads[load.name], ({ lost }) => lost)),
    countErrors(targets[name].loads[load.name]),
  ]);
  return formatTable(head, rows);
}

function makeGrowthTable(name, loads, targets) {
  const cost = (target, load) => computeMedian(listSamples(target.loads[load.name], 'cpuPerChunk'));
  const [first, last] = [loads[0], loads.at(-1)];
  const rows = Object.entries(targets).map(([target, result]) => [
    target,
    ...loads.map((load) => formatFigure(cost(result, load))),
    formatFigure(cost(result, last) / cost(result, first)),
  ]);
  const head = ['target', ...loads.map((load) => load.name), 'last/first'];
  return `${name}: growth of the CPU time per chunk\n${formatTable(head, rows)}`;
}

function makeStartTable({ targets }) {
  const rows = Object.entries(targets).map(([name, { startMs }]) => [
    name,
    formatFigure(computeMedian(startMs)),
    formatPercent(computeNoise(startMs)),
  ]);
  return `start, in milliseconds\n${formatTable(['target', 'ms', 'noise'], rows)}`;
}

function countErrors(rounds) {
  const errors = new Map();
  for (const round of rounds) {
    for (const [what, count] of Object.entries(round.errors)) errors.set(what, (errors.get(what) ?? 0) + count);
  }
  return errors.size === 0 ? '0' : [...errors].map(([what, count]) => `${count} x ${what}`).join(', ');
}

function addUp(items, amount) {
  return items.reduce((total, item) => total + amount(item), 0);
}
