import cluster from 'node:cluster';
import { readFile } from 'node:fs/promises';
import { type Clock, readFileState } from '../../kernel/index.js';

const USABLE = 'millrace:keys-usable';
const WANTED = 'millrace:keys-wanted';
/** How long the process that keeps the others may take to answer, in milliseconds. */
const LIMIT_MS = 5_000;

/** From a worker: the file in this state is good. */
interface Usable {
  readonly type: typeof USABLE;
  readonly state: string;
}

/** From a worker: it needs what the file held when it was good; and the answer to that. */
interface Wanted {
  readonly type: typeof WANTED;
  readonly text?: string;
}

/**
 * In the process that keeps the workers: remembers what the file of keys held when a worker could last use it, so that a
 * worker that starts while the file is broken or missing knows the same keys as the others. Hashes only, as in the file.
 */
export function keepKeyFile(path: string): void {
  let kept: { readonly state: string; readonly text: string } | undefined;
  const keep = async (state: string): Promise<void> => {
    if (kept?.state === state) return;
    const text = await readFile(path, 'utf8').catch(() => undefined);
    // The file has changed since the worker read it; the worker will report the new state as well.
    if (text !== undefined && (await readFileState(path)) === state) kept = { state, text };
  };
  cluster.on('message', (worker, message: unknown) => {
    if (isOfType<Usable>(message, USABLE)) void keep(message.state);
    if (!isOfType<Wanted>(message, WANTED) || !worker.isConnected()) return;
    worker.send({ type: WANTED, ...(kept && { text: kept.text }) } satisfies Wanted);
  });
}

/** In a worker: tells the process that keeps it that the file is good in this state. Does nothing in a process of its own. */
export function tellUsable(state: string): void {
  // Without the other process there is nobody to tell, and sending would end this one.
  if (cluster.isWorker && process.connected) process.send?.({ type: USABLE, state } satisfies Usable);
}

/** In a worker: what the file held when another could last use it. Undefined if none could, and in a process of its own. */
export async function askKept(clock: Clock): Promise<string | undefined> {
  if (!cluster.isWorker || !process.connected) return undefined;
  return new Promise((resolve) => {
    const end = (text: string | undefined): void => {
      limit.cancel();
      process.off('message', onMessage);
      resolve(text);
    };
    const onMessage = (message: unknown): void => {
      if (isOfType<Wanted>(message, WANTED)) end(message.text);
    };
    const limit = clock.after(LIMIT_MS, () => end(undefined));
    process.on('message', onMessage);
    process.send?.({ type: WANTED } satisfies Wanted);
  });
}

function isOfType<M extends { readonly type: string }>(message: unknown, type: M['type']): message is M {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === type;
}
