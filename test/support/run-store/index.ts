import { afterEach, beforeEach, describe } from '@jest/globals';
import { describeAttempts } from './attempt-cases.js';
import { describeLogs } from './log-cases.js';
import { describeRecords } from './record-cases.js';
import { describeSchedules } from './schedule-cases.js';
import { describeWaits } from './wait-cases.js';
import { type StoreAdapter, StoreBench } from './store-bench.js';

export { describeSharing } from './shared-cases.js';
export { DAY_MS, MUCH_LATER, type OpenStores, type Settings, type StoreBench } from './store-bench.js';
export { makeWait } from './wait-cases.js';

/**
 * Defines the tests that every adapter of `RunLogStore` must pass.
 * @param describeMore tests of this adapter only
 */
export function describeRunLogStore(
  name: string,
  adapter: StoreAdapter,
  describeMore: (bench: StoreBench) => void = () => undefined,
): void {
  describe(`${name}: a store of the logs of runs`, () => {
    const bench = new StoreBench(adapter);
    beforeEach(() => bench.begin());
    afterEach(() => bench.end());

    describeLogs(bench);
    describeAttempts(bench);
    describeRecords(bench);
    describeSchedules(bench);
    describeWaits(bench);
    describeMore(bench);
  });
}
