import cluster from 'node:cluster';
import { readFile } from 'node:fs/promises';
import { type Clock, readFileState } from '../../kernel/index.js';

const USABLE = 'millrace:keys-usable';
const WANTED = 'millrace:keys-wanted';
/** How long the primary process may take to reply, in milliseconds. */
const LIMIT_MS = 5_000;

/** From a worker: the file can be used in this state. */
interface Usable {
  readonly type: typeof USABLE;
  readonly state: string;
}

/** From a worker: it asks for the text of the file when it could last be used. Also the reply, with that text. */
interface Wanted {
  readonly type: typeof WANTED;
  readonly text?: string;
}

/**
 * In the primary process: keeps the text of the key file when a worker could last use it, so that a worker that starts while the
 * file is broken or missing knows the same keys as the others. The text holds hashes only.
 */
export function keepUsableKeyFile(path: string): void {
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

/**
 * In a worker: reports to the primary process that the file can be used in this state. Does nothing in a single
 * process.
 */
export function reportUsableKeyFile(state: string): void {
  // If the primary has gone, sending would end this process.
  if (cluster.isWorker && process.connected) process.send?.({ type: USABLE, state } satisfies Usable);
}

/**
 * In a worker: asks for the text of the file when a worker could last use it.
 * @returns undefined if none could, or in a single process
 */
export async function askForKeptKeyFile(clock: Clock): Promise<string | undefined> {
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
