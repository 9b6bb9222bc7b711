import { computeMedian } from '../report/summary.mjs';

/**
 * What a part costs.
 *
 * @typedef {object} Timing
 * @property {string} part
 * @property {string} name
 * @property {number} nanoseconds of CPU time per item, median of the rounds
 * @property {number} least of all rounds: what other work on the machine disturbs least
 */

/**
 * @param {object} work
 * @param {string} work.part
 * @param {string} work.name
 * @param {number} work.items how many items one call works on
 * @param {() => unknown} work.call waited for if it gives a promise
 * @param {number} [work.rounds]
 * @param {number} [work.warmUp] calls that are not measured
 * @returns {Promise<Timing>}
 */
export async function measureTime({ part, name, items, call, rounds = 9, warmUp = 3 }) {
  const samples = [];
  for (let round = -warmUp; round < rounds; round++) {
    const before = process.cpuUsage();
    await call();
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) samples.push(((user + system) * 1e3) / items);
  }
  return { part, name, nanoseconds: computeMedian(samples), least: Math.min(...samples) };
}
