export { EventStreamWriter } from './event-stream-writer.js';
export { readIdempotencyKey } from './idempotency/idempotency-key.js';
export { IdempotentAnswers } from './idempotency/idempotent-answers.js';
export type { KeptAnswer } from './idempotency/kept-answer.js';
export { RequestIntake, type TakenRequest } from './request-intake.js';
export { DONE_FRAME, errorFrame } from './sse-frames.js';
export { WireModule } from './wire.module.js';
