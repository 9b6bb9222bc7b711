export { REDIS_PREFIX, SharedStore } from './shared-store.service.js';
