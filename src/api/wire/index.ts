export { EventStreamWriter } from './event-stream-writer.js';
export { readIdempotencyKey } from './idempotency/idempotency-key.js';
export { IdempotentAnswers } from './idempotency/idempotent-answers.js';
export type { KeptAnswer } from './idempotency/kept-answer.js';
export { JsonBodyReader } from './json-body-reader.js';
export { DONE_FRAME, errorFrame } from './sse-frames.js';
export { WireModule } from './wire.module.js';
