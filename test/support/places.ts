import { join } from 'node:path';

/** The folder of the repository. */
export const ROOT = join(import.meta.dirname, '../..');
/** The built package, its server and its command line. */
export const DIST = join(ROOT, 'dist');
export const MAIN = join(DIST, 'main.js');
export const CLI = join(DIST, 'cli.js');
