export * from '../../../src/testing/upstream/recorded-request.js';
