import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beginRuns, makeRunsUrl } from './runs.mjs';

const WAITS = 2_000;
/** Runs before the measurement, which fill caches and pools and compile code. */
const WARM_UP = 300;
/** Tokens of the text shown to the person who answers: 9 characters each here, and 4 in most languages. */
const TOKENS = 50;

/**
 * Measures what a run that waits for an answer takes: on disk, without room that is used again, and of the heap of its
 * process.
 */
export async function measureWaits({ bench, client, env, add }) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  try {
    const onDisk = { RUNS_DIR: folder, RUNS_CONCURRENCY: '64', LIMIT_QUEUED_RUNS: '100000', METRICS: 'on' };
    const sqlite = await measure(bench, onDisk, () => sizeFolder(folder));
    const postgres = await measure(bench, env, async () => {
      await client.query('vacuum full');
      const { rows } = await client.query(
        `select sum(pg_total_relation_size(c.oid))::int as size from pg_class c join pg_namespace n on n.oid = relnamespace
         where nspname = 'millrace' and relkind = 'r'`,
      );
      return rows[0].size;
    });
    const what = `each of ${WAITS} runs that wait, with a draft of ${TOKENS * 9} characters`;
    add(`${what}: SQLite`, sqlite.disk / 1_000, 'kB', 2);
    add('the same: PostgreSQL', postgres.disk / 1_000, 'kB', 2);
    add('the heap of their process, SQLite (noise: 1)', sqlite.heap / 1_000, 'kB', 1);
    add('the same: PostgreSQL', postgres.heap / 1_000, 'kB', 1);
  } finally {
    await rm(folder, { recursive: true });
    await client.query('delete from millrace.runs');
  }
}

async function measure(bench, env, size) {
  const target = await bench.startTarget('millrace', env, { tellsHeap: true });
  const read = async () => ({ disk: await size(), ...(await target.child.ask({ type: 'heap' })) });
  await wait(target, WARM_UP);
  const before = await read();
  await wait(target, WAITS);
  const after = await read();
  await bench.stopTarget(target);
  return { disk: (after.disk - before.disk) / WAITS, heap: (after.heap - before.heap) / WAITS };
}

async function wait(target, count) {
  await beginRuns(target, count, { chunks: TOKENS, rate: 0 }, { model: 'approval' });
  for (const status of ['queued', 'running']) {
    for (;;) {
      const response = await fetch(`${makeRunsUrl(target)}?status=${status}&limit=1`);
      // Where the machine is slow, its store may be too busy to tell.
      if (response.status !== 503 && !response.ok) throw new Error(`${response.status}: ${await response.text()}`);
      const { data } = await response.json();
      if (data?.length === 0) break;
      await delay(200);
    }
  }
  // Their logs are packed, and idle connections to the model are closed.
  await delay(6_000);
}

async function sizeFolder(folder) {
  const sizes = (await readdir(folder)).filter((name) => name.endsWith('.db')).map((name) => stat(join(folder, name)));
  return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
}
