/**
 * One SQLite database in a thread of its own: a checkpoint waits for the disk, and streams must not. What is to be done comes as
 * SQL from the other thread; each message is one transaction.
 */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

const { Database } = createRequire(import.meta.url)('node-sqlite3-wasm');

/** So many prepared statements are kept. Nothing makes SQL of what clients send, so there is a small number of them. */
const MOST_STATEMENTS = 100;

const database = new Database(workerData);
// The build knows the write-ahead log only where nobody else has the file open.
database.exec('pragma locking_mode = exclusive');
database.exec('pragma journal_mode = wal');
database.exec('pragma synchronous = normal');

/** @type {Map<string, import('node-sqlite3-wasm').Statement>} */
const statements = new Map();

/** @param {string} sql */
function prepare(sql) {
  const known = statements.get(sql);
  if (known !== undefined) return known;
  if (statements.size >= MOST_STATEMENTS) {
    for (const statement of statements.values()) statement.finalize();
    statements.clear();
  }
  const statement = database.prepare(sql);
  statements.set(sql, statement);
  return statement;
}

/** @param {readonly (readonly [sql: string, values?: import('node-sqlite3-wasm').BindValues])[]} steps */
function transact(steps) {
  database.exec('begin immediate');
  try {
    const rows = steps.map(([sql, values]) => prepare(sql).all(values));
    database.exec('commit');
    return rows;
  } catch (error) {
    if (database.inTransaction) database.exec('rollback');
    throw error;
  }
}

parentPort?.on('message', ({ id, steps }) => {
  if (steps === undefined) {
    for (const statement of statements.values()) statement.finalize();
    database.close();
    parentPort?.postMessage({ id, rows: [] });
    parentPort?.close();
    return;
  }
  try {
    parentPort?.postMessage({ id, rows: transact(steps) });
  } catch (error) {
    parentPort?.postMessage({ id, fault: error instanceof Error ? error.message : String(error) });
  }
});
parentPort?.postMessage({ id: 0, rows: [] });
