/**
 * Reads `retry-after`: seconds, or a date, which is compared with the server's own clock. The wait of a date that has passed
 * is 0.
 * @see RFC 9110, section 10.2.3
 * @returns milliseconds; undefined if there is none, or it is invalid
 */
export function readRetryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after') ?? '';
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1_000;
  const wait = Date.parse(value) - Date.parse(headers.get('date') ?? '');
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}
