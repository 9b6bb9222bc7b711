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
 * What a JSON text has too much of, or undefined. Each value takes several times the memory of its text, down to `{}`, which takes
 * fifty bytes; and what is nested some thousand times is parsed, but cannot be written again (a RangeError). The text is read once
 * and nothing is made of it.
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

/** Whether a JSON text comes to more values than `most`, counted as {@link findExcess} does. */
export function hasMoreValues(json: string, most: number): boolean {
  return findExcess(json, { values: most, depth: Infinity }) !== undefined;
}

/** How many values a JSON text comes to, counted as {@link findExcess} does. */
export function countValues(json: string): number {
  let values = 1;
  for (let i = 0; i < json.length;) {
    const code = json.charCodeAt(i++);
    if (code === QUOTE) i = findEndOfString(json, i);
    else if (code === COMMA || code === OPEN_BRACKET || code === OPEN_BRACE) values++;
  }
  return values;
}
