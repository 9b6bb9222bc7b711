import { watch } from 'node:fs';
import { copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ensureError, readErrorCode } from '../../kernel/index.js';
import { CliError } from '../cli-error.js';

/** What the compiler takes care of, and what editors leave lying about for a moment. */
const NO_ASSET = /\.(?:[cm]?tsx?|swp|swx|tmp)$|~$|^\.|^tsconfig.*\.json$|^\d+$/;

function isAsset(path: string): boolean {
  return !NO_ASSET.test(basename(path));
}

/**
 * Copies what the compiler leaves behind, such as prompt files, from the sources to the same place in the build, where that
 * is not the same yet.
 * @returns how many were copied
 */
export async function copyAssets(sources: string, build: string): Promise<number> {
  const entries = await readdir(sources, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new CliError(`There is no folder ${sources}, where the sources of an application are looked for.`, { cause });
  });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const copied = await Promise.all(
    files.map(async (file) => isAsset(file) && (await copyAsset(file, join(build, file.slice(sources.length))))),
  );
  return copied.filter(Boolean).length;
}

/** @returns whether it was another file than the one that was there */
async function copyAsset(from: string, to: string): Promise<boolean> {
  const [source, copy] = await Promise.all([from, to].map((path) => stat(path).catch(() => undefined)));
  if (source?.isFile() !== true) return false;
  if (copy !== undefined && copy.size === source.size && copy.mtimeMs >= source.mtimeMs) return false;
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
  return true;
}

/**
 * Copies each such file again when it changes.
 * @param onFault is told of a file that cannot be copied
 * @returns what ends it
 */
export function keepAssets(sources: string, build: string, onFault: (error: Error) => void): () => void {
  const watcher = watch(sources, { recursive: true }, (_, path) => {
    if (path === null || !isAsset(path)) return;
    copyAsset(join(sources, path), join(build, path)).catch((error: unknown) => {
      // Editors write files that are gone a moment later.
      if (readErrorCode(error) !== 'ENOENT') onFault(ensureError(error));
    });
  });
  watcher.on('error', onFault);
  return () => watcher.close();
}
