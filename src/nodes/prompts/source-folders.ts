import { existsSync } from 'node:fs';
import { join, sep } from 'node:path';

/** The folder of a compiled program, and the folder of its sources. */
export interface SourceFolders {
  readonly build: string;
  readonly sources: string;
}

/** The folder of the program: that of the application that has Millrace installed, or else Millrace's own. */
export const PROJECT = join(import.meta.dirname, '../../..').split(`${sep}node_modules${sep}`, 1)[0] ?? '';

/** Finds the folders of the program; undefined if its sources are not beside it, as in a container image. */
export function findSourceFolders(): SourceFolders | undefined {
  const sources = join(PROJECT, 'src');
  return existsSync(sources) ? { build: join(PROJECT, 'dist'), sources } : undefined;
}
