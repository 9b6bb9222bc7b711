/**
 * Parses a list of keys in a thread of its own: the YAML of 20,000 keys takes seconds, and streams must not wait for it. Gives
 * the entries in batches, each when it is asked for, since the other thread stands still while it takes one over.
 */
import { parentPort, workerData } from 'node:worker_threads';

const BATCH = 200;

try {
  const list = await parse(String(workerData));
  if (Array.isArray(list)) send(list);
  else fail('must hold a list of entries, each with a name and a hash');
} catch (error) {
  // A parser's message ends with the lines at fault, which can hold anything.
  const [reason] = error instanceof Error ? error.message.split(/:?\n/, 1) : [''];
  fail(`is neither YAML nor JSON: ${reason}`);
}

/** @param {string} fault */
function fail(fault) {
  // Its end could overtake its answer: the other thread ends it.
  parentPort?.on('message', () => undefined);
  parentPort?.postMessage({ fault });
}

/** @param {readonly unknown[]} list */
function send(list) {
  let next = 0;
  const sendBatch = () => {
    const entries = list.slice(next, (next += BATCH));
    parentPort?.postMessage({ entries, isLast: next >= list.length });
  };
  parentPort?.on('message', sendBatch);
  sendBatch();
}

/** @param {string} text */
async function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    const { parse: parseYaml } = await import('yaml');
    // The levels decide what goes to the console, which a parser must not do.
    return parseYaml(text, { logLevel: 'error' });
  }
}
