export * from '../../src/testing/sse-client.js';
