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

/** The target alone on one processor, all else on the others; not at all where that cannot be. @returns {Pinning} */
export function findPinning() {
  const none = (why) => ({ target: [], others: [], description: `not pinned: ${why}` });
  const processors = allowedProcessors();
  if (processors === undefined) return none('this system does not tell which processors there are');
  if (processors.length < 2) return none('there is one processor only');
  const [first, ...rest] = processors;
  if (spawnSync('taskset', ['-c', String(first), 'true']).status !== 0) return none('there is no taskset');
  return {
    target: ['taskset', '-c', String(first)],
    others: ['taskset', '-c', rest.join(',')],
    description: `target on processor ${first}, upstream and load client on ${rest.join(', ')}`,
  };
}

/** @returns {number[] | undefined} */
function allowedProcessors() {
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
