// Imports the file itself rather than the index of its folder: with very few descriptors, the index could not be loaded.
import { readFileLimit } from '../kernel/file-limit.js';

/** Node reads the program's modules side by side, so the start has 450 files open at once. */
const LEAST = 512;

/** Says what is wrong with the limit of file descriptors; undefined: nothing is, or the system does not tell the limit. */
export function describeFileLimitFault(): string | undefined {
  const limit = readFileLimit();
  if (limit === undefined || limit >= LEAST) return undefined;
  return `Millrace cannot start: it may have only ${limit} files and connections open, and needs at least ${LEAST}, and two for each stream. Raise the limit: ulimit -n, LimitNOFILE, nofile.`;
}
