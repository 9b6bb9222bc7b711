import { MAX_TIMER_MS } from './clock.js';

let holders = 0;
/** It only has to exist: nothing happens when it fires. Made once, since a quiet server begins and ends to hold with each run. */
let handle: NodeJS.Timeout | undefined;

/**
 * Holds the process until the returned function is called. Node leaves, with exit code 13 or as if all were well, as soon
 * as nothing but unref'd timers and idle sockets is left, whatever somebody awaits: so whoever waits for one of a
 * `Clock`'s timers, or for code that may wait for one, holds the process meanwhile.
 * @returns lets go; later calls do nothing
 */
export function holdProcess(): () => void {
  if (holders++ === 0) {
    if (handle === undefined) handle = setInterval(() => undefined, MAX_TIMER_MS);
    else handle.ref();
  }
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    if (--holders === 0) handle?.unref();
  };
}

/** Settles as `promise` does, and holds the process until then. */
export async function holdProcessUntil<T>(promise: PromiseLike<T>): Promise<T> {
  const letGo = holdProcess();
  try {
    return await promise;
  } finally {
    letGo();
  }
}
