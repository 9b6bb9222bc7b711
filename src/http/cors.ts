import type { CorsOptions } from '@nestjs/common/interfaces/external/cors-options.interface.js';

/** Headers of answers that SDKs in browsers read. */
const EXPOSED_HEADERS = [
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
];

/** A browser may remember the answer to a preflight for this long, in seconds; browsers have lower limits of their own. */
const MAX_AGE_S = 7_200;

/**
 * What pages of the given origins may do. Request headers are allowed as they are asked for: SDKs send a changing set of
 * `x-stainless-*`. Cookies are never part of it; clients send keys.
 */
export function makeCorsOptions(origins: readonly string[]): CorsOptions {
  return {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders: EXPOSED_HEADERS,
    credentials: false,
    maxAge: MAX_AGE_S,
  };
}
