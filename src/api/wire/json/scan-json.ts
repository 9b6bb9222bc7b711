import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  type JsonLimits,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from '../../../kernel/index.js';
import { isMisread } from './exact-number.js';
import { beginsNumber, findNumberEnd, findStringEnd, isLetter, LETTER_E } from './tokens.js';

/** Why JSON is not parsed, and the index of the byte at fault. */
export interface JsonFault {
  readonly kind: 'too many values' | 'too deep' | 'misread number';
  readonly at: number;
}

/** Numbers of up to this many characters are exact unless they have an exponent. */
const EXACT_LENGTH = 15;
/** Length of `1e309`, the shortest number that is infinite as a double. */
const SHORTEST_INFINITE = 5;

/**
 * Checks JSON before it is parsed, in one pass that allocates nothing: how much memory a few megabytes take depends on how many
 * values they hold. Whether the text is JSON at all is for the parser to check.
 * @param bytes UTF-8
 * @returns how many values there are, or the first fault
 */
export function scanJson(bytes: Buffer, limits: JsonLimits): number | JsonFault {
  const { length } = bytes;
  let values = 0;
  let depth = 0;
  let at = 0;
  while (at < length) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      values++;
      at = findStringEnd(bytes, at + 1) + 1;
    } else if (byte === COMMA) {
      if (values > limits.values) return { kind: 'too many values', at };
      at++;
    } else if (byte === COLON) {
      // The string before was the name of a property.
      values--;
      at++;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      values++;
      depth++;
      if (depth > limits.depth) return { kind: 'too deep', at };
      at++;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth--;
      at++;
    } else if (beginsNumber(byte)) {
      values++;
      const end = findNumberEnd(bytes, at);
      if (mayBeMisread(bytes, at, end) && isMisread(bytes.toString('latin1', at, end)))
        return { kind: 'misread number', at };
      at = end;
    } else if (isLetter(byte)) {
      values++;
      do at++;
      while (at < length && isLetter(bytes[at] ?? 0));
    } else at++;
  }
  return values > limits.values ? { kind: 'too many values', at: length } : values;
}

function mayBeMisread(bytes: Buffer, from: number, end: number): boolean {
  if (end - from > EXACT_LENGTH) return true;
  if (end - from < SHORTEST_INFINITE) return false;
  for (let at = from; at < end; at++) if (((bytes[at] ?? 0) | 0x20) === LETTER_E) return true;
  return false;
}
