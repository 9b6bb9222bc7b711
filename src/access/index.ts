export { AccessControl, findCallerName } from './access-control.middleware.js';
export { AccessModule } from './access.module.js';
export { Admissions, type RequestAdmission } from './admissions.service.js';
export { Caller } from './caller.js';
export { makeKey } from './keys/make-key.js';
export { BodyMemory } from './overload/body-memory.service.js';
export { RareWarning } from './rare-warning.js';
export { REDIS_PREFIX, type Sent, SharedStore } from './shared/shared-store.service.js';
