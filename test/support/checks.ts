/** What a test waits for, and how it reads and checks what a client was given. */
export * from './chunks.js';
export * from './eventually.js';
export * from './rejection.js';
export * from './sse-frames.js';
export * from './standstill.js';
export { assertValidError } from './wire-schema.js';
