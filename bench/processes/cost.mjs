import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What a process has used so far.
 *
 * @typedef {object} Cost
 * @property {number} cpu time of all its threads, in microseconds
 * @property {number} memory resident, in kilobytes
 */

/** A module that lets a process report its own cost; used only if the system does not show it. */
export const COST_REPORTER = join(import.meta.dirname, 'report-cost.mjs');

/** How the cost of a process is found here. @type {'schedstat' | 'stat' | 'channel'} */
export const costSource = findSource();

/** @param {import('./child.mjs').Child} child @returns {Promise<Cost>} */
export async function measureCost(child) {
  if (costSource === 'channel') return child.ask({ type: 'cost' });
  const memory = Number(/^VmRSS:\s+(\d+)/m.exec(read(child.pid, 'status'))?.[1]);
  return { cpu: costSource === 'schedstat' ? readThreadsCpu(child.pid) : readTicksCpu(child.pid), memory };
}

function findSource() {
  try {
    if (readThreadsCpu(process.pid) > 0) return 'schedstat';
  } catch {
    // Not Linux, or a kernel that does not count.
  }
  try {
    return readTicksCpu(process.pid) >= 0 ? 'stat' : 'channel';
  } catch {
    return 'channel';
  }
}

/** Exact to the nanosecond. */
function readThreadsCpu(pid) {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(read(pid, `task/${thread}/schedstat`).split(' ', 1)[0]);
    } catch (error) {
      // A thread may end while they are read.
      if (!['ENOENT', 'ESRCH'].includes(error.code) || thread === String(pid)) throw error;
    }
  }
  return nanoseconds / 1e3;
}

let ticksPerSecond;

/** Exact to some 10 ms. */
function readTicksCpu(pid) {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const stat = read(pid, 'stat');
  // The name in the second field may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / ticksPerSecond;
}

function read(pid, file) {
  return readFileSync(`/proc/${pid}/${file}`, 'latin1');
}
