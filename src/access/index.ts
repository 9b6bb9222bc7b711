export { AccessControl, callerNameOf } from './access-control.js';
export { AccessModule } from './access.module.js';
export { Admission, type Permit } from './admission.js';
export { Caller } from './caller.js';
export { newKey } from './keys/new-key.js';
export { BodyMemory } from './overload/body-memory.js';
export { RareWarning } from './rare-warning.js';
export { REDIS_PREFIX, type Sent, SharedStore } from './shared/shared-store.js';
