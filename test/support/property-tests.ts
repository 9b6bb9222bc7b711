/**
 * `fast-check`, as all property tests get it: jest.config.js puts this file in its place.
 *
 * In CI every run draws the same cases, so that a change is never refused for a fault that was there before it. Anywhere
 * else each run draws its own. `PROPERTY_RUNS` (cases for each property) and `PROPERTY_SEED` change that.
 */
import * as fc from '../../node_modules/fast-check/lib/fast-check.js';

const { CI, PROPERTY_RUNS, PROPERTY_SEED } = process.env;
const seed = PROPERTY_SEED ?? (CI === undefined ? undefined : '1');

fc.configureGlobal({
  ...(PROPERTY_RUNS !== undefined && { numRuns: Number(PROPERTY_RUNS) }),
  ...(seed !== undefined && { seed: Number(seed) }),
});

export * from '../../node_modules/fast-check/lib/fast-check.js';
export default fc;
