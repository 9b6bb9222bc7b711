import { readFileSync } from 'node:fs';

/** How many files and connections this process may have open: the soft limit, which Node has raised to the hard one when it started; undefined where the system does not tell. */
export function readFileLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
