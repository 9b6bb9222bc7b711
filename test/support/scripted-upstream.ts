export * from '../../src/testing/upstream/scripted-upstream.js';
