/** Milliseconds from `retry-after-ms`, or from `retry-after` in seconds or as a date; undefined if there is neither. */
export function retryAfterOf(headers: Headers | undefined): number | undefined {
  const inMs = headers?.get('retry-after-ms');
  if (inMs !== undefined && inMs !== null && Number(inMs) >= 0) return Number(inMs);
  const value = headers?.get('retry-after');
  if (value === undefined || value === null || value === '') return undefined;
  if (Number(value) >= 0) return Number(value) * 1_000;
  // A date is read against the upstream's own clock, which it sends along.
  const wait = Date.parse(value) - Date.parse(headers?.get('date') ?? '');
  return wait >= 0 ? wait : undefined;
}
