import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from './json-codes.js';
import { findEndOfString } from './unsafe-number.js';

/** Limits of a JSON text. */
export interface JsonLimits {
  /** Most values: objects, arrays, strings, numbers, `true`, `false` and `null`. */
  readonly values: number;
  /** Deepest nesting of objects and arrays. */
  readonly depth: number;
}

/**
 * Finds which limit a JSON text exceeds. Each value takes several times the memory of its text (even `{}` takes fifty bytes), and what
 * is nested thousands of levels deep can be parsed but not written again (a RangeError). The text is read
 * once, and not parsed; an empty object or array counts as two values.
 * @returns undefined if it exceeds none
 */
export function findExcess(json: string, most: JsonLimits): 'values' | 'depth' | undefined {
  let values = 1;
  let depth = 0;
  for (let i = 0; i < json.length;) {
    const code = json.charCodeAt(i++);
    if (code === QUOTE) i = findEndOfString(json, i);
    else if (code === COMMA) values++;
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      values++;
      if (++depth > most.depth) return 'depth';
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
    if (values > most.values) return 'values';
  }
  return undefined;
}

/** Whether a JSON text has more values than `most`, counted as {@link findExcess} does. */
export function hasMoreValues(json: string, most: number): boolean {
  return findExcess(json, { values: most, depth: Infinity }) !== undefined;
}

/** Counts the values of a JSON text as {@link findExcess} does. */
export function countValues(json: string): number {
  let values = 1;
  for (let i = 0; i < json.length;) {
    const code = json.charCodeAt(i++);
    if (code === QUOTE) i = findEndOfString(json, i);
    else if (code === COMMA || code === OPEN_BRACKET || code === OPEN_BRACE) values++;
  }
  return values;
}
