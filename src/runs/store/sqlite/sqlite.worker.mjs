/**
 * One SQLite database in a thread of its own: a checkpoint waits for the disk, and streams must not. Work comes as SQL
 * from the other thread; each message is one transaction. A process that was suspended may have lost the folder to
 * another one: its commits then go to a file that is no longer used, and it reports this instead of success.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

const { Database } = createRequire(import.meta.url)('node-sqlite3-wasm');

/** How many prepared statements are kept. No SQL is made from client input, so there are few of them. */
const MOST_STATEMENTS = 100;

/** A lock that is being taken is missing for a moment: how often it is searched for, and the pause in milliseconds. */
const LOOKS = 5;
const LOOK_AGAIN_MS = 20;

/** @type {{ file: string, lock?: { file: string, token: string }, packing: { dictionary: string, longest: number } }} */
const { file, lock, packing } = workerData;
const { longest } = packing;
const dictionary = Buffer.from(packing.dictionary);
const database = new Database(file);
// This build of SQLite has the write-ahead log only for a file that no other process has open.
database.exec('pragma locking_mode = exclusive');
database.exec('pragma journal_mode = wal');
database.exec('pragma synchronous = normal');

/**
 * The first byte of a value packed with the dictionary. No output of zlib begins with it. Older values were packed
 * without the dictionary.
 */
const PACKED = 7;

/** @param {string} text */
function pack(text) {
  return Buffer.concat([Uint8Array.of(PACKED), deflateRawSync(text, { dictionary })]);
}

/** @param {string | Uint8Array} kept */
function unpack(kept) {
  if (typeof kept === 'string') return kept;
  const isNew = kept[0] === PACKED;
  return inflateRawSync(isNew ? kept.subarray(1) : kept, isNew ? { dictionary } : {}).toString();
}

/** Packs a text as `packed-text.ts` does. @param {string} text */
function packText(text) {
  if (text.length > longest) return text;
  const packed = `~${text.length}~${deflateRawSync(text, { dictionary }).toString('base64')}`;
  return packed.length < text.length ? packed : text;
}

database.function('pack', pack, { deterministic: true });
database.function('unpack', unpack, { deterministic: true });
database.function('pack_text', packText, { deterministic: true });

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

/** True while this process has the folder. */
function holdsLock() {
  if (lock === undefined) return true;
  for (let look = 1; ; look++) {
    try {
      return JSON.parse(readFileSync(lock.file, 'utf8')).token === lock.token;
    } catch {
      if (look === LOOKS) return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_AGAIN_MS);
    }
  }
}

class Fenced extends Error {
  message = 'Another process has the folder';
}

/** @throws {Fenced} */
function assertHeld() {
  if (!holdsLock()) throw new Fenced();
}

/** @param {readonly (readonly [sql: string, values?: import('node-sqlite3-wasm').BindValues])[]} steps */
function transact(steps) {
  database.exec('begin immediate');
  try {
    const rows = steps.map(([sql, values]) => prepare(sql).all(values));
    assertHeld();
    database.exec('commit');
    // If it was suspended in between, this process has written into a file that is no longer used.
    assertHeld();
    return rows;
  } catch (error) {
    // Nothing may be written any more, and a rollback might write.
    if (!(error instanceof Fenced) && database.inTransaction) database.exec('rollback');
    throw error;
  }
}

parentPort?.on('message', ({ id, steps }) => {
  if (steps === undefined) {
    for (const statement of statements.values()) statement.finalize();
    if (holdsLock()) database.close();
    parentPort?.postMessage({ id, rows: [] });
    parentPort?.close();
    return;
  }
  try {
    parentPort?.postMessage({ id, rows: transact(steps) });
  } catch (error) {
    const isFenced = error instanceof Fenced;
    parentPort?.postMessage({
      id,
      fault: error instanceof Error ? error.message : String(error),
      ...(isFenced && { isFenced }),
    });
    // Without closing the database: that writes.
    if (isFenced) parentPort?.close();
  }
});
parentPort?.postMessage({ id: 0, rows: [] });
