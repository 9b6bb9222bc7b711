/**
 * The `fast-check` of all property tests: jest.config.js replaces the package by this file.
 *
 * In CI every run draws the same cases, so that a change never fails for an older fault. Anywhere
 * else each run draws its own. `PROPERTY_RUNS` (cases for each property) and `PROPERTY_SEED` change that.
 */
import * as fc from '../../node_modules/fast-check/lib/fast-check.js';

const { CI, PROPERTY_RUNS, PROPERTY_SEED } = process.env;
const seed = PROPERTY_SEED ?? (CI === undefined ? undefined : '1');

fc.configureGlobal({
  ...(PROPERTY_RUNS !== undefined && { numRuns: Number(PROPERTY_RUNS) }),
  ...(seed !== undefined && { seed: Number(seed) }),
});

const SURROGATES = { first: 0xd800, count: 0x800 };
const anyCharacter = fc
  .integer({ min: 0, max: 0x10ffff - SURROGATES.count })
  .map((place) => String.fromCodePoint(place < SURROGATES.first ? place : place + SURROGATES.count));

/** As the original. For the unit `binary`, that makes a table of all characters, which takes a second in each spec file. */
export function string(constraints: fc.StringConstraints = {}): fc.Arbitrary<string> {
  return fc.string(constraints.unit === 'binary' ? { ...constraints, unit: anyCharacter } : constraints);
}

export * from '../../node_modules/fast-check/lib/fast-check.js';
export default { ...fc, string };
