import { availableParallelism } from 'node:os';

/** ES modules need Node's vm modules: `.npmrc` passes the flag to every npm and npx call. */
const project = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    // Its own name: from the sources, so that no class is there twice.
    '^millrace$': '<rootDir>/src/index.ts',
    '^millrace/testing$': '<rootDir>/src/testing.ts',
    '^fast-check$': '<rootDir>/test/support/property-tests.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true }] },
  setupFiles: ['reflect-metadata'],
  restoreMocks: true,
};

export default {
  projects: [
    {
      ...project,
      displayName: 'unit',
      testMatch: ['<rootDir>/src/**/*.spec.ts', '<rootDir>/test/support/**/*.spec.ts'],
    },
    {
      ...project,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.e2e-spec.ts'],
      globalSetup: '<rootDir>/test/support/bundle-page.mjs',
      setupFilesAfterEnv: ['<rootDir>/test/support/retry-in-ci.ts'],
    },
  ],
  // Most of the tests wait for something rather than compute: with one worker a processor, two processors idle now and then. A number,
  // because jest takes '150%' for 150 workers.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  // Modules that were loaded as ES modules are never freed: a worker that has become large spends seconds at a time collecting garbage, and
  // fails what is measured in seconds.
  workerIdleMemoryLimit: '1200MB',
  // A bound for hangs, not a measure: tests wait on conditions that have deadlines of their own.
  testTimeout: 60_000,
  collectCoverageFrom: ['src/**/*.ts', '!src/app/main.ts', '!src/**/index.ts'],
};
