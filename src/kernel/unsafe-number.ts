import { BACKSLASH, MINUS, QUOTE } from './json-codes.js';

const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/** Most digits with which every number keeps its value; 2^53 has 16. */
const SAFE_DIGITS = 15;
const NUMBER = /^-?(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
/** Longest part of a literal that is quoted: they can be as long as the text. */
const QUOTED_LENGTH = 40;

/**
 * Looks for a number that JSON.parse would change, such as `9007199254740993`, which becomes …992. Every reader rounds
 * fractions, so a fraction counts only if its whole part changes, too, or if it is too large for a number at all.
 *
 * @param json a valid JSON text; what is found in an invalid one means nothing. Read once, from start to end
 * @returns the first such number as it stands there, cut after 40 characters; undefined if there is none
 */
export function findUnsafeNumber(json: string): string | undefined {
  for (let i = 0; i < json.length;) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) i = findEndOfString(json, i + 1);
    else if (isDigit(code) || code === MINUS) {
      const start = i;
      while (i < json.length && isInNumber(json.charCodeAt(i))) i++;
      const literal = json.slice(start, i);
      if (isUnsafeNumber(literal)) return literal.slice(0, QUOTED_LENGTH);
    } else i++;
  }
  return undefined;
}

/**
 * Whether a number becomes another one when it is read.
 * @param literal a number as JSON writes it
 */
function isUnsafeNumber(literal: string): boolean {
  // Most numbers are short, and have no exponent.
  if (literal.length <= SAFE_DIGITS && !/e/i.test(literal)) return false;
  const value = Number(literal);
  if (!Number.isFinite(value)) return true;
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return false;
  return !isSameNumber(literal, `${value}`) && !isSameNumber(literal, `${BigInt(value)}`);
}

/** Whether two literals mean the same number, to the last digit. */
export function isSameNumber(one: string, other: string): boolean {
  const [digits, exponent] = readNumber(one);
  const [otherDigits, otherExponent] = readNumber(other);
  return digits === otherDigits && exponent === otherExponent;
}

/** Reads the digits of a literal, from the first to the last that is not 0, and the power of ten by which they are multiplied. */
function readNumber(literal: string): [digits: string, exponent: number] {
  const [, whole = '', fraction = '', exponent = '0'] = NUMBER.exec(literal) ?? [];
  const digits = `${whole}${fraction}`;
  let start = 0;
  let end = digits.length;
  while (start < end && digits.charCodeAt(start) === DIGIT_0) start++;
  while (end > start && digits.charCodeAt(end - 1) === DIGIT_0) end--;
  return [digits.slice(start, end), Number(exponent) - fraction.length + (digits.length - end)];
}

/**
 * Finds the place after the quote that ends a string, or the end of the text.
 * @param start after the quote that begins it
 */
export function findEndOfString(json: string, start: number): number {
  for (let i = start; ;) {
    const end = json.indexOf('"', i);
    if (end < 0) return json.length;
    let backslashes = 0;
    while (end - backslashes > start && json.charCodeAt(end - backslashes - 1) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end + 1;
    i = end + 1;
  }
}

function isDigit(code: number): boolean {
  return code >= DIGIT_0 && code <= DIGIT_9;
}

/** A digit, a sign, a point, `e` or `E`. */
function isInNumber(code: number): boolean {
  return isDigit(code) || code === MINUS || code === 0x2b || code === 0x2e || code === 0x65 || code === 0x45;
}
