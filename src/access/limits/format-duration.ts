/**
 * Formats a duration as OpenAI writes it in `x-ratelimit-reset-*`: `12ms`, `1.5s`, `6m0s`.
 * @param ms milliseconds; fractions are rounded up
 */
export function formatDuration(ms: number): string {
  const whole = Math.max(0, Math.ceil(ms));
  if (whole < 1_000) return `${whole}ms`;
  const minutes = Math.floor(whole / 60_000);
  const seconds = (whole % 60_000) / 1_000;
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`;
}
