import { jest } from '@jest/globals';

/**
 * These tests run real servers, browsers and proxies against real time, thousands of them on machines that may stall. In CI
 * one that fails is tried once more, and named in the report either way; a fault of the product fails both times.
 */
if (process.env['CI'] !== undefined) jest.retryTimes(1, { logErrorsBeforeRetry: true });
