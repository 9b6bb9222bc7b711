/** The provider of a model in tests: the server, whole responses, and the `steps` of responses. */
export * from '../../../src/testing/upstream/index.js';
