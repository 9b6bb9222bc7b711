/** A model's provider in a test: the server, whole responses, and the `steps` of which they consist. */
export * from '../../../src/testing/upstream/index.js';
