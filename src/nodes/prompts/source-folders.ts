import { existsSync } from 'node:fs';
import { join, sep } from 'node:path';

/** The folder of a compiled program, and the one that it was compiled from. */
export interface SourceFolders {
  readonly build: string;
  readonly sources: string;
}

/** The folder of the program: of the application that Millrace is installed in, or else Millrace's own. */
export const PROJECT = join(import.meta.dirname, '../../..').split(`${sep}node_modules${sep}`, 1)[0] ?? '';

/** Those of the program; undefined where its sources are not beside it, as in an image. */
export function findSourceFolders(): SourceFolders | undefined {
  const sources = join(PROJECT, 'src');
  return existsSync(sources) ? { build: join(PROJECT, 'dist'), sources } : undefined;
}
