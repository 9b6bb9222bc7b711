/**
 * For ajv in tests: each spec file compiles schemas again. To optimize what few answers are checked with, and to check schemas
 * that are published ones, takes most of the time.
 */
export const QUICK_TO_COMPILE = { code: { optimize: false }, validateSchema: false } as const;
