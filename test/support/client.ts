/** How a client asks in a test. */
export * from './http-client.js';
export * from './messages.js';
export * from './sse-client.js';
