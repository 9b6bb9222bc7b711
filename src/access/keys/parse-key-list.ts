import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ensureError } from '../../kernel/index.js';
import { KeyFileError } from './key-file-error.js';

/** What the thread sends. */
type WorkerMessage = { readonly fault: string } | { readonly entries: readonly unknown[]; readonly isLast: boolean };

/**
 * Parses a list of keys in a thread of its own and yields its entries in batches, so that the event loop is never blocked by more
 * than one batch.
 * @param text YAML or JSON
 * @throws KeyFileError if it is neither, or not a list
 */
export async function* parseKeyList(text: string): AsyncGenerator<readonly unknown[], void, void> {
  const thread = new Worker(new URL('./key-list.worker.mjs', import.meta.url), { workerData: text });
  const failure = new Promise<never>((_, reject) => {
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`the thread that reads it ended with ${code}`)));
  });
  // The thread also ends once everything is read, when the promise is no longer awaited.
  failure.catch(() => undefined);
  try {
    for (;;) {
      const message = await waitForMessage(thread, failure);
      if ('fault' in message) throw new KeyFileError([message.fault]);
      yield message.entries;
      if (message.isLast) return;
      thread.postMessage('next');
    }
  } finally {
    await thread.terminate();
  }
}

/** @throws KeyFileError if the thread fails, for example for lack of memory */
async function waitForMessage(thread: Worker, failure: Promise<never>): Promise<WorkerMessage> {
  try {
    const [message] = (await Promise.race([once(thread, 'message'), failure])) as [WorkerMessage];
    return message;
  } catch (error) {
    throw new KeyFileError([`cannot be read: ${ensureError(error).message}`]);
  }
}
