/**
 * Measures the cost of appending to the logs of runs in PostgreSQL: microseconds of CPU for each event, of this process
 * and of the server, and bytes of disk. Call it with the address of an empty database on this machine:
 * `node bench/durable/append.mjs postgres://localhost:5432/bench`
 */
import pg from 'pg';
import { readConfig } from '../../dist/config/index.js';
import { RandomIdSource, SystemClock } from '../../dist/kernel/index.js';
import { readServerTicks } from './server-cost.mjs';
import { PostgresStore } from '../../dist/runs/store/postgres/postgres-store.js';

/** Events of each case, so that a case takes about a second. */
const EVENTS = 60_000;
const CASES = [
  { runs: 1, eventsOfRun: 1, events: 3_000 },
  { runs: 100, eventsOfRun: 1 },
  { runs: 300, eventsOfRun: 1 },
  // What a process writes for a thousand runs at 20 tokens a second: four events in a row, 50 runs in a commit.
  { runs: 50, eventsOfRun: 4 },
  { runs: 100, eventsOfRun: 12 },
];

const url = process.argv[2];
if (url === undefined) throw new Error('The address of a database is wanted');
const config = readConfig({ RUNS_DATABASE_URL: url }, []);
const ids = new RandomIdSource();
const stores = new PostgresStore(config, url, new SystemClock(), ids);
const client = new pg.Client({ connectionString: url });
await client.connect();

function makeRun(id) {
  const now = Date.now();
  return {
    id,
    owner: 'bench',
    door: 'runs',
    workflow: 'w',
    workflowVersion: undefined,
    model: 'm',
    createdAt: now,
    runAt: now,
    priority: 5,
    metadata: {},
    admission: {},
    request: '{}',
    head: '{}',
  };
}

const writeEvent = (seq) =>
  JSON.stringify({
    type: 'delta',
    seq,
    node: 'answer',
    delta: { type: 'content', text: ' eight or so' },
    at: Date.now(),
  });

async function measure({ runs, eventsOfRun, events = EVENTS }) {
  const names = Array.from({ length: runs }, () => `run_${ids.runId()}`);
  for (const id of names) {
    await stores.logs.create(makeRun(id));
    await stores.logs.claim(id, 'bench');
  }
  const commits = Math.ceil(events / runs / eventsOfRun);
  let first = 0;
  const append = async (count) => {
    for (let commit = 0; commit < count; commit++, first += eventsOfRun) {
      const texts = Array.from({ length: eventsOfRun }, (_, place) => writeEvent(first + place));
      await stores.logs.append(names.map((run) => ({ run, epoch: 1, first, events: texts })));
    }
  };
  await append(10);
  const serverBefore = await readServerTicks(client);
  const before = process.cpuUsage();
  const startedAt = performance.now();
  await append(commits);
  const { user, system } = process.cpuUsage(before);
  const wallMs = performance.now() - startedAt;
  const serverTicks = (await readServerTicks(client)) - serverBefore;
  const count = commits * runs * eventsOfRun;
  return {
    runs,
    eventsOfRun,
    clientUs: round((user + system) / count),
    serverUs: round((serverTicks * 10_000) / count),
    msOfCommit: round(wallMs / commits),
  };
}

const round = (number) => Math.round(number * 100) / 100;

async function measureBytes() {
  const id = `run_${ids.runId()}`;
  await stores.logs.create(makeRun(id));
  await stores.logs.claim(id, 'bench');
  for (let first = 0; first < 5_000; first++)
    await stores.logs.append([{ run: id, epoch: 1, first, events: [writeEvent(first)] }]);
  const size = async () =>
    Number(
      (await client.query(`select sum(pg_column_size(run_log.*)) as size from millrace.run_log where run = $1`, [id]))
        .rows[0].size,
    );
  const open = await size();
  const ending = { status: 'completed', finishedAt: Date.now() };
  await stores.logs.append([{ run: id, epoch: 1, first: 5_000, events: [writeEvent(5_000)], ending }]);
  await stores.logs.pack(id);
  return { bytesOpen: round(open / 5_000), bytesPacked: round((await size()) / 5_001) };
}

try {
  for (const one of CASES) console.log(JSON.stringify(await measure(one)));
  console.log(JSON.stringify(await measureBytes()));
} finally {
  await client.end();
  await stores.onApplicationShutdown();
}
