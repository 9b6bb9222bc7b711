export { EventStreamWriter } from './event-stream-writer.js';
export { readIdempotencyKey } from './idempotency/idempotency-key.js';
export { IdempotentResponses } from './idempotency/idempotent-responses.js';
export type { KeptResponse } from './idempotency/kept-response.js';
export { RequestIntake, type TakenRequest } from './request-intake.js';
export { DONE_FRAME, encodeError } from './sse-frames.js';
export { WireModule } from './wire.module.js';
