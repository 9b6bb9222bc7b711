import { readConfig } from '../../src/config/index.js';
import { type Clock, RandomIdSource, SystemClock } from '../../src/kernel/index.js';
import { EmbeddedRunLogs } from '../../src/runs/store/embedded-run-logs.js';
import { EmbeddedStore } from '../../src/runs/store/embedded-store.js';
import type { RunLogStore } from '../../src/runs/store/run-log-store.js';

/** Opens the store of a folder that no other process uses, works on it, and closes it. */
export async function useStoreIn(
  folder: string,
  work: (logs: RunLogStore) => Promise<unknown>,
  clock: Clock = new SystemClock(),
): Promise<void> {
  const store = new EmbeddedStore(readConfig({ RUNS_DIR: folder }, []), clock, new RandomIdSource());
  try {
    await work(new EmbeddedRunLogs(store));
  } finally {
    await store.onApplicationShutdown();
  }
}
