export * from '../../../src/testing/upstream/steps.js';
