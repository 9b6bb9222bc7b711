import { eventually } from './eventually.js';

/** A count that has not grown for this time stands still, in milliseconds. */
const STILL_MS = 300;

/**
 * Waits until a count stops growing, such as the number of bytes that an upstream could write.
 * @param read the count
 * @param what the subject of the error if it does not stop in time
 * @param withinMs the longest wait, in milliseconds
 * @returns the count
 */
export async function standstill(read: () => number, what: string, withinMs = 20_000): Promise<number> {
  let last = -1;
  let since = performance.now();
  await eventually(
    () => {
      if (read() !== last) {
        last = read();
        since = performance.now();
      }
      return last > 0 && performance.now() - since > STILL_MS;
    },
    { within: withinMs, message: `a standstill of ${what}` },
  );
  return last;
}
