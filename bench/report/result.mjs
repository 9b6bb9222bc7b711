import os from 'node:os';

/**
 * The result of a bench, as it is written to a file: every round of everything, so that any summary can be made of it.
 *
 * @typedef {object} Result
 * @property {1} format
 * @property {Record<string, unknown>} machine
 * @property {{ rounds: number, quick: boolean }} options
 * @property {readonly string[]} phases by name, in the order of their measurement
 * @property {Record<string, TargetResult>} targets
 *
 * @typedef {object} TargetResult
 * @property {number[]} startMs
 * @property {Record<string, Record<string, number>[]>} loads metrics of each round, by the load's name
 */

/** The machine, as far as it decides what figures mean. */
export function readMachineFacts() {
  return {
    date: new Date().toISOString(),
    node: process.version,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    processor: os.cpus()[0]?.model ?? 'unknown',
    processors: os.availableParallelism(),
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    loadAtStart: os.loadavg()[0],
  };
}
