import { afterEach, beforeEach, describe } from '@jest/globals';
import { describeAttempts } from './run-store/attempt-cases.js';
import { describeLogs } from './run-store/log-cases.js';
import { describeRecords } from './run-store/record-cases.js';
import { describeSchedules } from './run-store/schedule-cases.js';
import { describeWaits } from './run-store/wait-cases.js';
import { type StoreAdapter, StoreBench } from './run-store/store-bench.js';

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
