/** A calendar date, or a date and a time to the minute at least; an offset needs a time. */
const EXPIRY =
  /^(\d{4})-(\d{2})-(\d{2})(?:T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,9}))?)?(Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?)?$/;

/**
 * Reads when a key expires. It accepts the unambiguous part of ISO 8601: calendar dates, and date-times with `Z`, with an offset,
 * or with neither, which is UTC. It refuses weeks, days of the year, dates without hyphens, hours without minutes, and dates
 * that do not exist.
 * @returns milliseconds since the Unix epoch; undefined if the text is none of these
 */
export function parseExpiry(text: string): number | undefined {
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] =
    EXPIRY.exec(text) ?? [];
  if (year === undefined) return undefined;
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day));
  // 31 February would be 3 March, and the year 99 would be 1999.
  if (!new Date(midnight).toISOString().startsWith(`${year}-${month}-${day}`)) return undefined;
  const minutes = Number(hour) * 60 + Number(minute) - readOffsetMinutes(zone);
  return midnight + minutes * 60_000 + Number(second) * 1_000 + Math.trunc(Number(`0.${fraction || '0'}`) * 1_000);
}

/** @param zone `Z`, or a sign with hours and perhaps minutes */
function readOffsetMinutes(zone: string): number {
  const digits = zone.replace(':', '');
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3));
  return digits.startsWith('-') ? -minutes : minutes;
}
