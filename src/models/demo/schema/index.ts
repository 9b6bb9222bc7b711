export { makeInstance, type InstanceRequest } from './instance.js';
export type { TextFor } from './values.js';
