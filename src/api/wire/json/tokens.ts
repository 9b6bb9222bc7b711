import { BACKSLASH, MINUS, QUOTE } from '../../../kernel/index.js';

/** The letter of exponents, in lower case. */
export const LETTER_E = 0x65;

/**
 * How many bytes of a string are read one by one before `indexOf` takes over, each call of which costs as much as about twenty
 * bytes. More where escaped quotes are close together.
 */
const NEAR = 16;
const NEAR_AMONG_QUOTES = 64;
/** Quotes that are at most this many bytes apart are close together. */
const CLOSE = 32;

/**
 * Finds the end of a string: the index of its closing quote, or the length of the text if it has none.
 * @param from the index after its opening quote
 */
export function findStringEnd(bytes: Buffer, from: number): number {
  let at = from;
  let reach = NEAR;
  for (;;) {
    const near = Math.min(at + reach, bytes.length);
    while (at < near) {
      const byte = bytes[at];
      if (byte === QUOTE) return at;
      at += byte === BACKSLASH ? 2 : 1;
    }
    if (at >= bytes.length) return bytes.length;
    const quote = bytes.indexOf(QUOTE, at);
    if (quote === -1) return bytes.length;
    if (!isEscaped(bytes, quote, at)) return quote;
    reach = quote - at < CLOSE ? NEAR_AMONG_QUOTES : NEAR;
    at = quote + 1;
  }
}

/** Whether an odd number of backslashes precedes the byte. */
function isEscaped(bytes: Buffer, at: number, from: number): boolean {
  let first = at;
  while (first > from && bytes[first - 1] === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}

/** Finds the end of a number, or of what begins like one: the index after its last byte. */
export function findNumberEnd(bytes: Buffer, from: number): number {
  let at = from + 1;
  for (; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    // Digits, and . + - e E
    const isPart =
      (byte >= 0x30 && byte <= 0x39) || byte === 0x2e || byte === 0x2b || byte === 0x2d || (byte | 0x20) === LETTER_E;
    if (!isPart) break;
  }
  return at;
}

/** True for a byte that a number begins with. */
export function beginsNumber(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === MINUS;
}

/** True for a lower-case letter, of which `true`, `false` and `null` consist. */
export function isLetter(byte: number): boolean {
  return byte >= 0x61 && byte <= 0x7a;
}
