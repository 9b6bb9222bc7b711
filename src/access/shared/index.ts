export { REDIS_PREFIX, type Sent, SharedStore } from './shared-store.js';
