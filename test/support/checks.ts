/** Helpers with which tests wait, and read and check responses. */
export * from './chunks.js';
export * from './eventually.js';
export * from './rejection.js';
export * from './sse-frames.js';
export * from './standstill.js';
export { assertValidError } from './wire-schema.js';
