import { promiseHooks } from 'node:v8';

/**
 * Runs code of a library that calls rules and transforms of an author, and ensures that each promise made meanwhile is
 * awaited, also later, until the promise that it returns is settled. The libraries leave behind what asynchronous rules
 * have begun as soon as another rule throws, and such a promise would end the process when it rejects.
 *
 * What the work throws, or the promise that it returns rejects with, is for the caller.
 */
export function keepPromises<T>(work: () => T): T {
  begin();
  let result: T;
  try {
    result = enter(work);
  } catch (error) {
    end();
    throw error;
  }
  if (result instanceof Promise) result.then(end, end);
  else end();
  return result;
}

/** Number of unfinished calls. All share one hook: each of several hooks would run for every promise of the process. */
let open = 0;
let stop: (() => void) | undefined;
const mine = new WeakSet<Promise<unknown>>();
/** Whether the work of a call runs right now. */
let isInside = false;
/** Promises that cannot be awaited yet, because they are being created. */
const fresh: Promise<unknown>[] = [];

function begin(): void {
  if (open++ > 0) return;
  stop = promiseHooks.createHook({
    init: (promise: Promise<unknown>, parent: Promise<unknown> | undefined) => {
      if (!isInside && (parent === undefined || !mine.has(parent))) return;
      mine.add(promise);
      fresh.push(promise);
    },
    before: (promise: Promise<unknown>) => {
      isInside = mine.has(promise);
    },
    after: () => {
      isInside = false;
      waitForFresh();
    },
  }) as () => void;
}

function end(): void {
  if (--open === 0) stop?.();
}

function enter<T>(work: () => T): T {
  const wasInside = isInside;
  isInside = true;
  try {
    return work();
  } finally {
    isInside = wasInside;
    waitForFresh();
  }
}

function waitForFresh(): void {
  if (fresh.length === 0) return;
  for (const promise of fresh.splice(0)) void Promise.prototype.then.call(promise, undefined, ignore);
  // The promises that were made during this call.
  fresh.length = 0;
}

function ignore(): void {
  // The work's own error reports the rejection, or has made it irrelevant.
}
