export { type CountedRequest, type HeaderTarget, RateLimits } from './rate-limits.service.js';
export { ConcurrencyLimit } from './concurrency-limit.service.js';
export { Windows } from './windows.service.js';
