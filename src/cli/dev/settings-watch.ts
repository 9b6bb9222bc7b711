import { readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Timer } from '../../kernel/index.js';

/** The file of an application's settings, which it reads when it starts. */
const SETTINGS = '.env';

/** How long the file must have been left alone, in milliseconds: one save is several events, and the first finds it empty. */
const QUIET_MS = 100;

/**
 * Watches the settings of an application.
 * @param onChange called once for each save that has changed what the file says
 * @returns a function that ends the watch
 */
export function watchSettings(root: string, clock: Clock, onChange: () => void): () => void {
  const read = (): string | undefined => {
    try {
      return readFileSync(join(root, SETTINGS), 'utf8');
    } catch {
      return undefined;
    }
  };
  let known = read();
  let timer: Timer | undefined;
  const watcher = watch(root, (_, name) => {
    if (name !== SETTINGS) return;
    timer?.cancel();
    timer = clock.after(QUIET_MS, () => {
      const found = read();
      if (found === known) return;
      known = found;
      onChange();
    });
  });
  // Without the watch, a change counts from the next restart on.
  watcher.on('error', () => watcher.close());
  return () => {
    timer?.cancel();
    watcher.close();
  };
}
