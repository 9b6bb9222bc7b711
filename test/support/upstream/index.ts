/** What a model's provider does in a test: the server, whole answers, and `steps`, of which they are made. */
export * from '../../../src/testing/upstream/index.js';
