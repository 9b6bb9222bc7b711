import type { CorsOptions } from '@nestjs/common/interfaces/external/cors-options.interface.js';

/** Response headers that SDKs in browsers read, of any door. */
export const EXPOSED_HEADERS: readonly string[] = [
  'x-request-id',
  'x-trace-id',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'openai-processing-ms',
  'openai-version',
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-reset-requests',
  'x-ratelimit-limit-tokens',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-tokens',
  'idempotent-replayed',
  'millrace-run-id',
];

/** How long a browser may cache the response to a preflight, in seconds; browsers have lower limits of their own. */
const MAX_AGE_S = 7_200;

/**
 * Makes the options for pages of the given origins. All request headers are allowed: SDKs send a changing set of `x-stainless-*`.
 * Cookies are not: clients send keys.
 * @param exposedHeaders is read for each request, so that doors can add to it
 */
export function makeCorsOptions(origins: readonly string[], exposedHeaders: string[]): CorsOptions {
  return {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    exposedHeaders,
    credentials: false,
    maxAge: MAX_AGE_S,
  };
}
