import { sha256 } from '../kernel/index.js';
import { type ValueKind, InvalidValue } from './setting.js';

/** A key as the configuration knows it: never the key itself. */
export interface NamedHash {
  readonly name: string;
  /** SHA-256 of the key, 64 lower-case hex digits. */
  readonly hash: string;
}

const HASHED = /^([\w.@-]{1,64})=sha256:([0-9a-f]{64})$/;
/** Visible ASCII; `=` only where Base64 ends with it, so that a misspelt `name=sha256:…` is not taken for a key. */
const PLAIN = /^[!-<>-~]+={0,2}$/;

/**
 * A list of keys: each a key as clients send it, or `name=sha256:<hash>`. Keys are turned into their hashes as they are
 * read, and get the names `key-1`, `key-2` … by their places in the list.
 */
export const keyList: ValueKind<readonly NamedHash[]> = (given) => {
  const keys = readKeys(given);
  return keys !== undefined && areDistinct(keys)
    ? keys
    : new InvalidValue('be a list of keys, or of name=sha256:<64 hex digits>, each name and key once');
};

/** @returns undefined if one is malformed */
function readKeys(text: string): readonly NamedHash[] | undefined {
  const keys = text.split(',').map((entry, index) => readKey(entry.trim(), `key-${index + 1}`));
  return keys.every((key) => key !== undefined) ? keys : undefined;
}

function readKey(entry: string, name: string): NamedHash | undefined {
  const [, given, hash] = HASHED.exec(entry) ?? [];
  if (given !== undefined && hash !== undefined) return { name: given, hash };
  return PLAIN.test(entry) && !entry.includes('sha256:') ? { name, hash: sha256(entry) } : undefined;
}

function areDistinct(keys: readonly NamedHash[]): boolean {
  const names = new Set(keys.map(({ name }) => name));
  const hashes = new Set(keys.map(({ hash }) => hash));
  return names.size === keys.length && hashes.size === keys.length;
}
