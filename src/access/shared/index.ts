export { REDIS_PREFIX, SharedStore } from './shared-store.js';
