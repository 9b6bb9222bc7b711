import { writeBoundedJson } from './bounded-json.js';

/** Longest description of a value that slipped through, in bytes. */
const DESCRIPTION_BYTES = 200;

/** Closes a `switch` over a union: it does not compile while a case is missing, and throws if one slips through. */
export function assertNever(value: never): never {
  throw new TypeError(`Unexpected value ${writeBoundedJson(value, DESCRIPTION_BYTES)}`);
}
