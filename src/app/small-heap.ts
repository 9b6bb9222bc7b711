import { setFlagsFromString } from 'node:v8';

/** V8's default: by what factor it enlarges the space for new objects when more of them survive than it expected. */
const USUAL_GROWTH = 2;

/**
 * Makes V8 keep its heap small while everything is loaded. Whatever a start loads survives, so the space for new objects
 * would grow to its limit of tens of megabytes, and a full collection would leave old objects scattered over all pages
 * that they ever had. A process with little to do never gives any of this back.
 * @returns a function that lets the heap grow from then on, as requests need it
 */
export function keepHeapSmall(): () => void {
  setFlags(1, '--compact-on-every-full-gc');
  return () => setFlags(USUAL_GROWTH, '--no-compact-on-every-full-gc');
}

/** V8 reads these flags each time it collects or enlarges, so unlike most they may be set in a running process. */
function setFlags(growth: number, compaction: string): void {
  setFlagsFromString(`--semi-space-growth-factor=${growth}`);
  setFlagsFromString(compaction);
}
