export { worseFinishReason, type FinishReason } from './finish-reason.js';
export type { Message } from './message.js';
export { addUsage, type Usage, type UsageDetails } from './usage.js';
