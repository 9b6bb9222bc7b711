/** The HTTP clients of tests. */
export * from './http-client.js';
export * from './messages.js';
export * from './sse-client.js';
