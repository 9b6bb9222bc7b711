import type { HrTime } from '@opentelemetry/api';

/**
 * Converts a time to OpenTelemetry's form: whole seconds, and nanoseconds beyond them.
 * @param ms milliseconds, with a fraction down to microseconds, which is the precision of a number of this size
 */
export function toHrTime(ms: number): HrTime {
  const micros = Math.round(ms * 1_000);
  const seconds = Math.floor(micros / 1_000_000);
  return [seconds, (micros - seconds * 1_000_000) * 1_000];
}

/** Converts a time to ISO 8601 with microseconds: with milliseconds alone, the first token could come before its call. */
export function toIsoTime(ms: number): string {
  const micros = Math.round(ms * 1_000);
  const fraction = String(micros % 1_000).padStart(3, '0');
  return new Date(Math.floor(micros / 1_000)).toISOString().replace('Z', `${fraction}Z`);
}
