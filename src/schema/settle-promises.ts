import { keepPromises } from './keep-promises.js';

/**
 * Waits for the promises inside a value, which asynchronous transforms of an author leave in the places of values, and
 * replaces them by their values. One that rejects while it is not awaited would end the process.
 * @param value made of an output; it is changed in place
 * @throws the first rejection, once all promises are awaited
 */
export async function settlePromises<T>(value: T): Promise<T> {
  const waits = new Set<Promise<void>>();
  const seen = new Set<unknown>();
  const visit = (holder: unknown): void => {
    if (typeof holder !== 'object' || holder === null || seen.has(holder)) return;
    seen.add(holder);
    for (const [key, held] of Object.entries(holder)) {
      if (held instanceof Promise) waits.add(settleIn(holder, key, held));
      else visit(held);
    }
  };
  // An error of an author's getter must not leave the promises found so far unawaited.
  keepPromises(() => visit(value));
  await Promise.all(waits);
  return value;
}

async function settleIn(holder: object, key: string, held: Promise<unknown>): Promise<void> {
  Reflect.set(holder, key, await settlePromises(await held));
}
