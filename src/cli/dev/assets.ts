import { watch } from 'node:fs';
import { copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ensureError, readErrorCode } from '../../kernel/index.js';
import { CliError } from '../cli-error.js';

/** Files that the compiler handles, and temporary files of editors. */
const NO_ASSET = /\.(?:[cm]?tsx?|swp|swx|tmp)$|~$|^\.|^tsconfig.*\.json$|^\d+$/;

function isAsset(path: string): boolean {
  return !NO_ASSET.test(basename(path));
}

/**
 * Copies files that the compiler does not write, such as prompt files, from the sources to the same place in the build
 * if they have changed.
 * @returns how many were copied
 */
export async function copyAssets(sources: string, build: string): Promise<number> {
  const entries = await readdir(sources, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new CliError(`There is no folder ${sources}: the sources of an application must be there.`, { cause });
  });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const copied = await Promise.all(
    files.map(async (file) => isAsset(file) && (await copyAsset(file, join(build, file.slice(sources.length))))),
  );
  return copied.filter(Boolean).length;
}

/** @returns whether it was copied, because the build has no such file or another one */
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
 * @param onFault called for a file that cannot be copied
 * @returns a function that ends the watch
 */
export function watchAssets(sources: string, build: string, onFault: (error: Error) => void): () => void {
  const watcher = watch(sources, { recursive: true }, (_, path) => {
    if (path === null || !isAsset(path)) return;
    copyAsset(join(sources, path), join(build, path)).catch((error: unknown) => {
      // Editors write files that they delete a moment later.
      if (readErrorCode(error) !== 'ENOENT') onFault(ensureError(error));
    });
  });
  watcher.on('error', onFault);
  return () => watcher.close();
}
