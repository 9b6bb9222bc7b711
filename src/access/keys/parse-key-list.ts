import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ensureError } from '../../kernel/index.js';
import { KeyFileError } from './key-file-error.js';

/** What the thread answers. */
type WorkerMessage = { readonly fault: string } | { readonly entries: readonly unknown[]; readonly isLast: boolean };

/**
 * Parses a list of keys in a thread of its own, and gives its entries in batches: the event loop is held up by one batch at
 * most, however long the list is.
 * @param text YAML or JSON
 * @throws KeyFileError if it is neither, or no list
 */
export async function* parseKeyList(text: string): AsyncGenerator<readonly unknown[], void, void> {
  const thread = new Worker(new URL('./key-list.worker.mjs', import.meta.url), { workerData: text });
  const failure = new Promise<never>((_, reject) => {
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`the thread that reads it ended with ${code}`)));
  });
  // The thread also ends when everything is read; then nobody listens any more.
  failure.catch(() => undefined);
  try {
    for (;;) {
      const answer = await waitForMessage(thread, failure);
      if ('fault' in answer) throw new KeyFileError([answer.fault]);
      yield answer.entries;
      if (answer.isLast) return;
      thread.postMessage('next');
    }
  } finally {
    await thread.terminate();
  }
}

/** @throws KeyFileError if the thread fails: it has too little memory, say */
async function waitForMessage(thread: Worker, failure: Promise<never>): Promise<WorkerMessage> {
  try {
    const [answer] = (await Promise.race([once(thread, 'message'), failure])) as [WorkerMessage];
    return answer;
  } catch (error) {
    throw new KeyFileError([`cannot be read: ${ensureError(error).message}`]);
  }
}
