export { AccessControl, callerNameOf } from './access-control.js';
export { AccessModule } from './access.module.js';
export { Admission, type Permit } from './admission.js';
export { Caller } from './caller.js';
export { IdempotentAnswers, idempotencyKeyOf, type KeptAnswer } from './idempotency/index.js';
export { newKey } from './keys/index.js';
export { RareWarning } from './rare-warning.js';
export { BodyMemory, type MemoryShare } from './overload/index.js';
