import { setImmediate as turn } from 'node:timers/promises';
import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import { isJsonObject } from '../../kernel/index.js';
import { KeyEntry } from './key-entry.js';
import { KeyFileError } from './key-file-error.js';
import { parseKeyList } from './parse-key-list.js';

/** Most entries that are checked in one turn of the event loop: a few milliseconds of work. */
const ENTRIES_PER_TURN = 50;

/**
 * Reads the entries of a key file, however many, without blocking the event loop.
 * @param text a list of entries as YAML, of which JSON is a part
 * @throws KeyFileError that lists every fault of every entry
 */
export async function readKeyEntries(text: string): Promise<readonly KeyEntry[]> {
  const entries: KeyEntry[] = [];
  const faults: string[] = [];
  const names = new Set<unknown>();
  const hashes = new Set<unknown>();
  let place = 0;
  for await (const batch of parseKeyList(text)) {
    for (const value of batch) {
      const entry = isJsonObject(value) ? plainToInstance(KeyEntry, value) : undefined;
      const where = `entry ${++place}${entry === undefined ? '' : describeName(entry)}`;
      const found = entry === undefined ? ['must be a map with a name and a hash'] : findFaults(entry, names, hashes);
      for (const fault of found) faults.push(`${where}: ${fault}`);
      if (entry !== undefined) entries.push(entry);
      if (place % ENTRIES_PER_TURN === 0) await turn();
    }
  }
  if (faults.length > 0) throw new KeyFileError(faults);
  return entries;
}

/** Checks an entry, and adds its name and hash to those that are taken. */
function findFaults(entry: KeyEntry, names: Set<unknown>, hashes: Set<unknown>): readonly string[] {
  const faults = validateSync(entry, { whitelist: true, forbidNonWhitelisted: true, stopAtFirstError: true }).flatMap(
    (fault) => describeFault(fault),
  );
  if (names.has(entry.name)) faults.push('another entry has the same name');
  if (hashes.has(entry.hash)) faults.push('another entry has the same hash');
  names.add(entry.name);
  hashes.add(entry.hash);
  return faults;
}

function describeFault({ property, constraints = {}, children = [] }: ValidationError, parent = ''): string[] {
  const own = Object.entries(constraints).map(([rule, message]) =>
    rule === 'whitelistValidation' ? `there is no ${parent}${property}` : `${parent}${message}`,
  );
  return [...own, ...children.flatMap((child) => describeFault(child, `${parent}${property}.`))];
}

function describeName({ name }: KeyEntry): string {
  return typeof name === 'string' ? ` (${JSON.stringify(name.slice(0, 64))})` : '';
}
