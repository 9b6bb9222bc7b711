import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import { parse } from 'yaml';
import { KeyEntry } from './key-entry.js';

/** A file of keys is not what it must be. Quotes no hash. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';

  /** @param faults one line each; names the entry */
  constructor(readonly faults: readonly string[]) {
    super(faults.join('; '));
  }
}

/**
 * Reads the entries of a file of keys.
 * @param text YAML, of which JSON is a part: a list of entries
 * @throws KeyFileError that lists every fault of every entry
 */
export function readKeyEntries(text: string): readonly KeyEntry[] {
  const list = parsed(text);
  if (!Array.isArray(list)) throw new KeyFileError(['must hold a list of entries, each with a name and a hash']);
  const entries = (list as readonly unknown[]).map((value) =>
    isMap(value) ? plainToInstance(KeyEntry, value) : undefined,
  );
  const faults = entries.flatMap((entry, index) => {
    const where = `entry ${index + 1}${entry === undefined ? '' : nameOf(entry)}`;
    return faultsOf(entry, entries.slice(0, index)).map((fault) => `${where}: ${fault}`);
  });
  if (faults.length > 0) throw new KeyFileError(faults);
  return entries.filter((entry) => entry !== undefined);
}

function parsed(text: string): unknown {
  try {
    // The levels say what goes to the console, which is none of a parser's business.
    return parse(text, { logLevel: 'error' }) as unknown;
  } catch (error) {
    // Its message ends with the lines at fault, which can hold anything.
    const [reason = ''] = error instanceof Error ? error.message.split(/:?\n/, 1) : [];
    throw new KeyFileError([`is neither YAML nor JSON: ${reason}`]);
  }
}

function faultsOf(entry: KeyEntry | undefined, before: readonly (KeyEntry | undefined)[]): readonly string[] {
  if (entry === undefined) return ['must be a map with a name and a hash'];
  const faults = validateSync(entry, { whitelist: true, forbidNonWhitelisted: true, stopAtFirstError: true }).flatMap(
    (fault) => wordsOf(fault),
  );
  if (before.some((other) => other?.name === entry.name)) faults.push('another entry has the same name');
  if (before.some((other) => other?.hash === entry.hash)) faults.push('another entry has the same hash');
  return faults;
}

function wordsOf({ property, constraints = {}, children = [] }: ValidationError, parent = ''): string[] {
  const own = Object.entries(constraints).map(([rule, message]) =>
    rule === 'whitelistValidation' ? `there is no ${parent}${property}` : `${parent}${message}`,
  );
  return [...own, ...children.flatMap((child) => wordsOf(child, `${parent}${property}.`))];
}

function nameOf({ name }: KeyEntry): string {
  return typeof name === 'string' ? ` ("${name.slice(0, 64)}")` : '';
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
