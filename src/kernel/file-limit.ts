import { readFileSync } from 'node:fs';

/**
 * Reads how many files and connections this process may have open: the soft limit, which Node raises to the hard one when it starts.
 * @returns undefined where the system does not tell
 */
export function readFileLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
