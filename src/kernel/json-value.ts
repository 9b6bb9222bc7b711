import { writeBoundedJson } from './bounded-json.js';

/** Whatever JSON can hold, as `JSON.parse` gives it. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/**
 * Makes plain data of any value, to be stored and sent. {@link writeBoundedJson} says what becomes of parts that JSON cannot hold, and of
 * those beyond the limit. Never throws.
 * @param limit about the most bytes of JSON
 * @returns undefined for what JSON leaves out: undefined, functions and symbols
 */
export function toJsonValue(value: unknown, limit: number): JsonValue | undefined {
  const json = writeBoundedJson(value, limit);
  return json === undefined ? undefined : (JSON.parse(json) as JsonValue);
}
