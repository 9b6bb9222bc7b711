/**
 * Options of ajv that make compilation fast, because each spec file compiles its schemas again. Published schemas need no
 * check, and validators that see few values need no optimisation.
 */
export const QUICK_TO_COMPILE = { code: { optimize: false }, validateSchema: false } as const;
