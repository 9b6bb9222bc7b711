import { watch } from 'node:fs';
import { ensureError } from '../../kernel/index.js';
import { isAsset } from './build-folder.js';

/** Gets the results for changed files. */
interface AssetListener {
  /** Called when files have changed that the compiler does not handle. It brings the build up to date. */
  readonly onChange: () => Promise<void>;
  /** Called for a fault of the watch, or of {@link onChange}. */
  readonly onFault: (error: Error) => void;
}

/**
 * Watches the files of the sources that the compiler does not handle. Changes during an update cause one more update.
 * @returns a function that ends the watch
 */
export function watchAssets(sources: string, { onChange, onFault }: AssetListener): () => void {
  let isDue = false;
  let isAtWork = false;
  const work = async (): Promise<void> => {
    isAtWork = true;
    while (isDue) {
      isDue = false;
      await onChange().catch((error: unknown) => onFault(ensureError(error)));
    }
    isAtWork = false;
  };
  const watcher = watch(sources, { recursive: true }, (_, path) => {
    if (path === null || !isAsset(path)) return;
    isDue = true;
    if (!isAtWork) void work();
  });
  watcher.on('error', onFault);
  return () => watcher.close();
}
