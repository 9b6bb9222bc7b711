import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { eventually } from './eventually.js';
import { isAlive } from './process.js';

/** A build that is shared by all test processes of this and later runs. */
export interface BuildOptions {
  /** Files and folders; a change of any (by name, size or time) makes the build stale. */
  readonly sources: readonly string[];
  /** A file that the build makes. */
  readonly output: string;
  /** File that says of which state of the sources the last build is; beside it stands the lock. */
  readonly stamp: string;
  readonly build: () => Promise<void>;
}

/** A build, and waiting for another process's, may take this long, in milliseconds. */
const LONGEST_BUILD_MS = 120_000;

/** Builds unless the last build is of the sources as they are now; processes that come at once build once. */
export async function buildOnce({ sources, output, stamp, build }: BuildOptions): Promise<void> {
  await mkdir(dirname(stamp), { recursive: true });
  const lock = `${stamp}.lock`;
  await eventually(() => acquire(lock), { within: LONGEST_BUILD_MS, message: `the build that holds ${lock}` });
  try {
    const state = await computeFingerprint(sources);
    if (existsSync(output) && (await readText(stamp)) === state) return;
    await build();
    await writeFile(stamp, state);
  } finally {
    await rm(lock, { force: true });
  }
}

/** Takes the lock, also from a process that died with it. */
async function acquire(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const holder = Number(await readText(lock));
    if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
    return false;
  }
}

async function computeFingerprint(sources: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of (await Promise.all(sources.map(listFiles))).flat().sort()) {
    const { size, mtimeMs } = await stat(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

async function listFiles(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}
