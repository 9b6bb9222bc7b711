/** Hex digits of an id that decide: as many as a number holds exactly. */
const DIGITS = 13;

/**
 * Whether a trace is kept. The same for the same id everywhere, so that services that share a trace agree.
 * @param rate part of all traces, from 0 to 1
 */
export function isSampled(traceId: string, rate: number): boolean {
  if (rate >= 1) return true;
  // The last digits, since callers may put a timestamp into the first.
  return Number.parseInt(traceId.slice(-DIGITS), 16) / 16 ** DIGITS < rate;
}
