export { type CountedRequest, type HeaderTarget, RateLimits } from './rate-limits.js';
export { ConcurrencyLimit } from './concurrency-limit.js';
export { Windows } from './windows.js';
