import { readdirSync } from 'node:fs';

const MB = 1024 * 1024;

/**
 * How much of each level may be left behind by tens of thousands of requests. A leak of 200 bytes a request is 5 MB.
 * @type {Readonly<Record<string, number>>}
 */
const SLACK = { heap: 4 * MB, external: 4 * MB, 'file descriptors': 2, timers: 4, sockets: 2 };
/** Requests and responses that Node keeps with what it will use again, and signals that the platform collects late. */
const OTHERWISE = 2;
/** Gauges of work in hand. */
const AT_WORK = /^millrace_(?:open|paused|queued|waiting)_/;

/**
 * What a server holds, by name: bytes of memory after a collection of garbage, objects, file descriptors, and every
 * gauge of its metrics.
 * @param {{ url: string, child: import('../processes/child.mjs').Child }} target
 * @returns {Promise<Record<string, number>>}
 */
export async function readLevels({ url, child }) {
  const page = await (await fetch(new URL('/metrics', url), { headers: { connection: 'close' } })).text();
  return { ...(await child.ask({ type: 'levels' })), ...countDescriptors(child.pid), ...readGauges(page) };
}

/** @param {Record<string, number>} before @param {Record<string, number>} after */
export function compareLevels(before, after) {
  return Object.entries(after).map(([name, value]) => {
    const slack = name.startsWith('millrace_') ? 0 : (SLACK[name] ?? OTHERWISE);
    // Where nothing is asked for, nothing is open, whatever was so at first.
    const most = AT_WORK.test(name) ? 0 : (before[name] ?? 0) + slack;
    return { name, before: before[name] ?? 0, after: value, most, holds: value <= most };
  });
}

/** @param {string} name @param {number} value */
export function writeLevels(name, value) {
  return name === 'heap' || name === 'external' ? `${(value / MB).toFixed(1)} MB` : String(value);
}

/** Linux tells how many files and sockets another process has open. */
function countDescriptors(pid) {
  try {
    return { 'file descriptors': readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return {};
  }
}

/** The sum of all series of each of Millrace's own gauges. @param {string} page */
function readGauges(page) {
  const names = [...page.matchAll(/^# TYPE (millrace_\w+) gauge$/gm)].map(([, name]) => name);
  return Object.fromEntries(
    names.map((name) => {
      const series = page.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'));
      return [name, [...series].reduce((sum, [, value]) => sum + Number(value), 0)];
    }),
  );
}
