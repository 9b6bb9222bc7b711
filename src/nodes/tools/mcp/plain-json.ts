import { toUSVString } from 'node:util';
import { isJsonObject, type JsonValue } from '../../../kernel/index.js';

/**
 * A copy of what `JSON.parse` has made, with texts of whole characters: some JSON readers refuse half ones.
 * @param deepest most levels of objects and lists
 * @returns undefined if it is deeper
 */
export function makePlainJson(value: unknown, deepest: number): JsonValue | undefined {
  if (typeof value === 'string') return toUSVString(value);
  if (typeof value !== 'object' || value === null) return value as JsonValue;
  if (deepest === 0) return undefined;
  if (isJsonObject(value)) {
    const copies = Object.entries(value)
      .filter(([, entry]) => entry !== undefined)
      .map(([name, entry]) => [toUSVString(name), makePlainJson(entry, deepest - 1)] as const);
    return copies.some(([, copy]) => copy === undefined) ? undefined : (Object.fromEntries(copies) as JsonValue);
  }
  const copies = (value as readonly unknown[]).map((entry) => makePlainJson(entry, deepest - 1));
  return copies.includes(undefined) ? undefined : (copies as JsonValue);
}
