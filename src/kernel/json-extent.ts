import { findEndOfString } from './unsafe-number.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACKET = 0x5d;
const CLOSE_BRACE = 0x7d;

/** Limits of a JSON text. */
export interface JsonExtent {
  /** Most values. An empty object or list counts as two. */
  readonly values: number;
  /** Deepest nesting of objects and lists. */
  readonly depth: number;
}

/**
 * Finds which limit a JSON text exceeds. Each value takes several times the memory of its text (even `{}` takes fifty bytes), and what
 * is nested thousands of levels deep can be parsed but not written again (a RangeError). The text is read once, and not parsed.
 * @returns undefined if it exceeds none
 */
export function findExcess(json: string, most: JsonExtent): 'values' | 'depth' | undefined {
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
