export { type CountedRequest, type HeaderTarget, RateLimits } from './rate-limits.js';
export { Slots } from './slots.js';
export { Windows } from './windows.js';
