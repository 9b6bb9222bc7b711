/** How many hex digits of an id decide: as many as a number holds exactly. */
const DIGITS = 13;

/**
 * Whether a trace is kept. The result depends on the id alone, so that services that share a trace agree.
 * @param rate fraction of all traces, from 0 to 1
 */
export function isSampled(traceId: string, rate: number): boolean {
  if (rate >= 1) return true;
  // The last digits, because callers may put a timestamp into the first ones.
  return Number.parseInt(traceId.slice(-DIGITS), 16) / 16 ** DIGITS < rate;
}
