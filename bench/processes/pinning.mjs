import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Which processors the processes of a bench run on.
 *
 * @typedef {object} Pinning
 * @property {readonly string[]} target command in front of a target's
 * @property {readonly string[]} others command in front of everything else
 * @property {string} description for the person who reads the result
 */

/**
 * Gives the target so many processors of its own and everything else the others, which are shared if there are too few.
 * Pins nothing where that is not possible.
 * @param {number} targetProcessors
 * @returns {Pinning}
 */
export function findPinning(targetProcessors) {
  const none = (why) => ({ target: [], others: [], description: `not pinned: ${why}` });
  const processors = listAllowedProcessors();
  if (processors === undefined) return none('this system does not tell which processors there are');
  if (processors.length < 2) return none('there is one processor only');
  const target = processors.slice(0, targetProcessors).join();
  const others = (
    processors.length > targetProcessors ? processors.slice(targetProcessors) : processors.slice(-1)
  ).join();
  if (spawnSync('taskset', ['-c', target, 'true']).status !== 0) return none('there is no taskset');
  return {
    target: ['taskset', '-c', target],
    others: ['taskset', '-c', others],
    description: `target on processor ${target}, upstream and load client on ${others}`,
  };
}

/** @returns {number[] | undefined} */
function listAllowedProcessors() {
  let status;
  try {
    status = readFileSync('/proc/self/status', 'latin1');
  } catch {
    return undefined;
  }
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
  return list?.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}
