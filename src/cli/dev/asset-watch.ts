import { type FSWatcher, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { ensureError, readErrorCode } from '../../kernel/index.js';
import { isAsset } from './build-folder.js';

/** Gets the results for changed files. */
interface AssetListener {
  /** Called when files have changed that the compiler does not handle. It brings the build up to date. */
  readonly onChange: () => Promise<void>;
  /** Called for a fault of the watch, or of {@link onChange}. */
  readonly onFault: (error: Error) => void;
}

/** Whether the system watches the folders in a folder, too. Where it does not, Node's own replacement loses changes. */
const WATCHES_TREES = process.platform === 'darwin' || process.platform === 'win32';

/**
 * Watches the files of the sources that the compiler does not handle. Changes during an update cause one more update.
 * @returns a function that ends the watch
 */
export function watchAssets(sources: string, { onChange, onFault }: AssetListener): () => void {
  const tree = new FolderWatches({ onChange: () => begin(), onFault });
  let isDue = false;
  let isAtWork = false;
  const work = async (): Promise<void> => {
    isAtWork = true;
    while (isDue) {
      isDue = false;
      // The watch of a new folder comes first: what changes in it from now on is another change.
      for (const step of [() => tree.add(sources), onChange]) {
        await step().catch((error: unknown) => onFault(ensureError(error)));
      }
    }
    isAtWork = false;
  };
  const begin = (): void => {
    isDue = true;
    if (!isAtWork) void work();
  };
  begin();
  return () => tree.close();
}

/**
 * Watches a folder with all folders in it, one by one. Watching a file means watching its inode: once an editor has
 * replaced the file, as many do when they save, such a watch sees nothing more.
 */
class FolderWatches {
  readonly #watchers = new Map<string, FSWatcher>();
  #isClosed = false;

  constructor(private readonly listener: { readonly onChange: () => void; readonly onFault: (error: Error) => void }) {}

  /** Watches this folder and those in it, as far as they are not watched yet. */
  async add(folder: string): Promise<void> {
    if (!this.#watch(folder) || WATCHES_TREES) return;
    const entries = await readdir(folder, { withFileTypes: true }).catch(ignoreMissing);
    const folders = (entries ?? []).filter((entry) => entry.isDirectory());
    await Promise.all(folders.map(({ name }) => this.add(join(folder, name))));
  }

  close(): void {
    this.#isClosed = true;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** @returns false if there is no such folder any more */
  #watch(folder: string): boolean {
    if (this.#isClosed) return false;
    if (this.#watchers.has(folder)) return true;
    try {
      const watcher = watch(folder, { recursive: WATCHES_TREES }, (event, name) => {
        const isRenamed = event === 'rename';
        // Another folder may have this name now.
        if (isRenamed && name !== null) this.#drop(join(folder, name));
        if (isRenamed || name === null || isAsset(name)) this.listener.onChange();
      });
      watcher.on('error', this.listener.onFault);
      this.#watchers.set(folder, watcher);
      return true;
    } catch (error) {
      ignoreMissing(error);
      return false;
    }
  }

  #drop(path: string): void {
    for (const [folder, watcher] of this.#watchers) {
      if (folder !== path && !folder.startsWith(path + sep)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
  }
}

/** Folders may be removed at any time. */
function ignoreMissing(error: unknown): undefined {
  if (readErrorCode(error) !== 'ENOENT' && readErrorCode(error) !== 'ENOTDIR') throw error;
  return undefined;
}
