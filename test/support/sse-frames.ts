export * from '../../src/testing/sse-frames.js';
