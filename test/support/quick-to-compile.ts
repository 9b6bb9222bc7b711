/** For ajv in tests: each spec file compiles schemas again, and to optimize what few answers are checked with takes most of the time. */
export const QUICK_TO_COMPILE = { optimize: false } as const;
