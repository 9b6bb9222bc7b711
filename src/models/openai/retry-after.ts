/** Longest believable wait, in milliseconds: a day, as limits per day need. */
const LONGEST_WAIT_MS = 86_400_000;
const NUMBER = /^\d{1,12}(?:\.\d{1,12})?$/;
/** A date in HTTP: `Mon, 02 Nov 2026 00:00:00 GMT` (RFC 9110, section 5.6.7). */
const DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Reads `retry-after-ms`, or `retry-after` in seconds or as a date, in milliseconds; undefined if there is neither, or it is
 * invalid or longer than a day.
 */
export function readRetryAfter(headers: Headers | undefined): number | undefined {
  return (
    checkWait(parseNumber(headers?.get('retry-after-ms'))) ??
    checkWait(parseNumber(headers?.get('retry-after')) * 1_000) ??
    // A date is compared with the upstream's own clock, which it sends along.
    checkWait(parseDate(headers?.get('retry-after')) - parseDate(headers?.get('date')))
  );
}

/** Returns a wait in milliseconds if it is believable, otherwise undefined. */
export function checkWait(ms: number): number | undefined {
  return ms >= 0 && ms <= LONGEST_WAIT_MS ? ms : undefined;
}

function parseNumber(text: string | null | undefined): number {
  return NUMBER.test(text ?? '') ? Number(text) : Number.NaN;
}

function parseDate(text: string | null | undefined): number {
  return DATE.test(text ?? '') ? Date.parse(text ?? '') : Number.NaN;
}
