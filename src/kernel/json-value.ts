import { writeBoundedJson } from './bounded-json.js';

/** Whatever JSON can hold, as `JSON.parse` gives it. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/**
 * A value as plain data that can be stored and sent, whatever it is: see {@link writeBoundedJson} for what becomes of the parts that
 * JSON cannot hold, and of those beyond the limit. Never throws.
 * @param limit about how many bytes of JSON it may come to
 * @returns undefined for what JSON leaves out: undefined, functions and symbols
 */
export function toJsonValue(value: unknown, limit: number): JsonValue | undefined {
  const json = writeBoundedJson(value, limit);
  return json === undefined ? undefined : (JSON.parse(json) as JsonValue);
}
