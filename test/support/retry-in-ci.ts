import { jest } from '@jest/globals';

/**
 * These thousands of tests use real servers, browsers, proxies and time, on machines that may stall. In CI, a failed test runs
 * once more and is named in the report either way. A fault of the product fails both times.
 */
if (process.env['CI'] !== undefined) jest.retryTimes(1, { logErrorsBeforeRetry: true });
