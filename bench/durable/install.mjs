import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureCost } from '../processes/cost.mjs';
import { computeMedian } from '../report/summary.mjs';
import { beginRuns } from './runs.mjs';

const ROOT = join(import.meta.dirname, '../..');
/** The packages that only durable runs need. */
const PACKAGES = ['bullmq', 'pg', 'node-sqlite3-wasm', 'cron-parser'];
const ROUNDS = 5;

/** Measures what durable runs add to the installation, and to a server without such runs. */
export async function measureInstall({ bench, env, add }) {
  const own = await listOwnPackages();
  const sizes = await Promise.all(own.map((path) => sizeFolder(join(ROOT, path))));
  add('packages that only durable runs need', own.length, '', 26);
  add('the same, size', sizes.reduce((sum, size) => sum + size, 0) / 1e6, 'MB', 17);
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  try {
    await measureStarts({ bench, env, add }, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measureStarts({ bench, env, add }, folder) {
  const kinds = { off: { RUNS: 'off' }, embedded: { RUNS_DIR: folder }, PostgreSQL: env };
  const starts = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
  for (let round = -1; round < ROUNDS; round++) {
    for (const [kind, settings] of Object.entries(kinds)) {
      const target = await bench.startTarget('millrace', settings);
      const { cpu, memory } = await measureCost(target.child);
      if (round >= 0) starts[kind].push({ cpu: cpu / 1e3, memory: memory / 1e3 });
      if (round === ROUNDS - 1 && kind === 'embedded') {
        const began = performance.now();
        await beginRuns(target, 1, { chunks: 1, rate: 0 });
        add('the first logged run, embedded, until it is kept', performance.now() - began, 'ms');
      }
      await bench.stopTarget(target);
    }
  }
  const middle = (kind, what) => computeMedian(starts[kind].map((start) => start[what]));
  for (const kind of ['embedded', 'PostgreSQL']) {
    add(`a start with runs, ${kind}, over one without: CPU`, middle(kind, 'cpu') - middle('off', 'cpu'), 'ms');
    add('the same: memory', middle(kind, 'memory') - middle('off', 'memory'), 'MB');
  }
}

/** Paths of the packages that nothing else of the dependencies needs. */
async function listOwnPackages() {
  const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'));
  const others = Object.keys(packages[''].dependencies).filter((name) => !PACKAGES.includes(name));
  const needed = reach(packages, others);
  return [...reach(packages, PACKAGES)].filter((path) => !needed.has(path));
}

/** @returns {Set<string>} paths of these packages and of all that they need */
function reach(packages, names) {
  const found = new Set();
  const visit = (from, name) => {
    // Searched as Node does: in the folder of the package that needs it, and in all folders above.
    for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
      const path = `${base === '' ? '' : `${base}/`}node_modules/${name}`;
      if (packages[path] !== undefined) {
        if (!found.has(path)) {
          found.add(path);
          for (const next of Object.keys(packages[path].dependencies ?? {})) visit(path, next);
        }
        return;
      }
      if (base === '') return;
    }
  };
  for (const name of names) visit('', name);
  return found;
}

async function sizeFolder(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name)));
  return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
}
