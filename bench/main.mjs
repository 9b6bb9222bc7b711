/** Measures what servers cost between a model and its clients: `npm run bench -- --help`. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Bench } from './bench.mjs';
import { PHASES, reduceLoad } from './phases.mjs';
import { report } from './report/print.mjs';
import { readMachineFacts } from './report/result.mjs';
import { TARGET_NAMES } from './targets/index.mjs';

const USAGE = `npm run bench -- [options]
  --targets a,b   of ${TARGET_NAMES.join(', ')} (all)
  --phases a,b    of ${Object.keys(PHASES).join(', ')} (all)
  --rounds N      a fresh process of each target in each round (3)
  --json FILE     writes all figures, for npm run bench:compare
  --quick         few requests, one round: shows that all works, and little else`;

/** @param {readonly string[]} args */
function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      targets: { type: 'string', default: TARGET_NAMES.join() },
      phases: { type: 'string', default: Object.keys(PHASES).join() },
      rounds: { type: 'string' },
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds must be a whole number above 0`);
  const targets = selectNames('--targets', values.targets, TARGET_NAMES);
  const phases = selectNames('--phases', values.phases, Object.keys(PHASES));
  return { ...values, rounds, targets, phases };
}

/** Those of `all` that are named, in the order of `all`. */
function selectNames(option, list, all) {
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`${option}: there is no ${unknown.join(', ')}`);
  return all.filter((name) => names.includes(name));
}

/** @returns {Promise<import('./report/result.mjs').Result>} */
async function run(bench, { targets, phases, rounds, quick: isQuick }) {
  await bench.start();
  const result = {
    format: 1,
    machine: { ...readMachineFacts(), ...bench.description },
    options: { rounds, quick: isQuick },
    phases,
    targets: Object.fromEntries(targets.map((name) => [name, { startMs: [], loads: {} }])),
  };
  const loads = phases.flatMap((phase) => PHASES[phase].loads).map((load) => (isQuick ? reduceLoad(load) : load));
  for (let round = 1; round <= rounds; round++) {
    for (const name of targets) {
      process.stderr.write(`round ${round} of ${rounds}, ${name}:`);
      const target = await bench.startTarget(name);
      result.targets[name].startMs.push(target.startMs);
      await bench.warmUp(target);
      for (const load of loads) {
        process.stderr.write(` ${load.name}`);
        (result.targets[name].loads[load.name] ??= []).push(await bench.measure(target, load));
      }
      await bench.stopTarget(target);
      process.stderr.write('\n');
    }
  }
  return result;
}

function hasFaults({ targets }) {
  return Object.values(targets).some(({ loads }) =>
    Object.values(loads).some((rounds) =>
      rounds.some(({ lost, errors }) => lost !== 0 || Object.keys(errors).length > 0),
    ),
  );
}

let options;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${error.message}\n${USAGE}`);
  process.exit(2);
}
if (options.help) console.log(USAGE);
else {
  const bench = new Bench();
  try {
    const result = await run(bench, options);
    console.log(report(result));
    if (options.json) writeFileSync(options.json, `${JSON.stringify(result, null, 1)}\n`);
    // Figures of streams that were not complete mean nothing.
    if (hasFaults(result)) process.exitCode = 1;
  } finally {
    await bench.stop();
  }
}
