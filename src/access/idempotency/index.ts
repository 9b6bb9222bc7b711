export { idempotencyKeyOf } from './idempotency-key.js';
export { IdempotentAnswers } from './idempotent-answers.js';
export type { KeptAnswer } from './kept-answer.js';
export { SharedAnswers } from './shared-answers.js';
