const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Ten years. */
const LONGEST_MS = 3_650 * 86_400_000;

/**
 * Reads how long something waits.
 * @param given milliseconds, or a whole number with its unit: `90s`, `15m`, `12h`, `3d`
 * @returns milliseconds, at least 1 and at most 3650 days; undefined if it is something else
 */
export function readTimeout(given: unknown): number | undefined {
  const ms = typeof given === 'string' ? readText(given) : given;
  return typeof ms === 'number' && Number.isInteger(ms) && ms >= 1 && ms <= LONGEST_MS ? ms : undefined;
}

function readText(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d+)(ms|[smhd])$/.exec(text) ?? [];
  const length = UNITS[unit];
  return length === undefined ? undefined : Number(count) * length;
}
