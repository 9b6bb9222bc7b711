export * from '../../../src/testing/upstream/scripts.js';
