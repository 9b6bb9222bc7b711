import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of a compiled program, and the one that it was compiled from. */
export interface SourceFolders {
  readonly build: string;
  readonly sources: string;
}

/** Those of this program; undefined where its sources are not beside it, as in an image. */
export function findSourceFolders(): SourceFolders | undefined {
  const build = join(import.meta.dirname, '../..');
  const sources = join(build, '../src');
  return existsSync(sources) ? { build, sources } : undefined;
}
