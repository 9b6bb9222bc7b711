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
  /** A file that the build writes. */
  readonly output: string;
  /** The file that records the state of the sources at the last build. The lock is next to it. */
  readonly stamp: string;
  readonly build: () => Promise<void>;
}

/** The longest time for a build, or for waiting for that of another process, in milliseconds. */
const LONGEST_BUILD_MS = 120_000;

/** Builds unless the last build has the current sources. Of concurrent processes, only one builds. */
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

/** Takes the lock, also if the process that held it has died. */
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
