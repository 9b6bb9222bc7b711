/**
 * The tokens of the fake upstream: each holds one mark, so that tokens can be counted through any merging, and the time
 * at which it was written, so that its way through a target can be measured. The clock is the machine's monotonic one,
 * which is the same in all processes.
 */

/** Stands once in each token, and nowhere else in what a target sends. */
export const MARK = '~';

const DIGITS = 7;
const WRAP = 36 ** DIGITS;

/** Characters of a mark with its time. */
export const TOKEN_LENGTH = 1 + DIGITS;

/** Monotonic time in microseconds, in whole ones. */
export function readMicroseconds() {
  const [seconds, nanoseconds] = process.hrtime();
  return (seconds * 1e6 + Math.trunc(nanoseconds / 1e3)) % WRAP;
}

/** The text of one token, written now. */
export function makeToken() {
  return `${MARK}${readMicroseconds().toString(36).padStart(DIGITS, '0')} `;
}

/**
 * The age of the token whose mark is at `index` of the text, in microseconds. NaN if it is damaged.
 * @param {string} text
 * @param {number} index
 * @param {number} now
 */
export function measureAge(text, index, now) {
  const digits = text.slice(index + 1, index + TOKEN_LENGTH);
  if (!/^[0-9a-z]+$/.test(digits)) return Number.NaN;
  return (now - Number.parseInt(digits, 36) + WRAP) % WRAP;
}
