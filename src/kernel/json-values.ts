import { findEndOfString } from './unsafe-number.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

/**
 * Whether a JSON text comes to more values than `most`: each takes several times the memory of its text, down to `{}`, which takes
 * fifty bytes. The text is read once and nothing is made of it; an empty object or list counts as two.
 */
export function hasMoreValues(json: string, most: number): boolean {
  let values = 1;
  for (let i = 0; i < json.length;) {
    const code = json.charCodeAt(i++);
    if (code === QUOTE) i = findEndOfString(json, i);
    else if ((code === COMMA || code === OPEN_BRACKET || code === OPEN_BRACE) && ++values > most) return true;
  }
  return false;
}
