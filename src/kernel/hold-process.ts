import { MAX_TIMER_MS } from './clock.js';

/**
 * Holds the process until the returned function is called. Node leaves, with exit code 13 or as if all were well, as soon
 * as nothing but unref'd timers and idle sockets is left, whatever somebody awaits: so whoever waits for one of a
 * `Clock`'s timers, or for code that may wait for one, holds the process meanwhile.
 * @returns lets go; later calls do nothing
 */
export function holdProcess(): () => void {
  // It only has to exist: nothing happens when it fires.
  const handle = setInterval(() => undefined, MAX_TIMER_MS);
  return () => clearInterval(handle);
}

/** Settles as `promise` does, and holds the process until then. */
export async function whileHeld<T>(promise: PromiseLike<T>): Promise<T> {
  const letGo = holdProcess();
  try {
    return await promise;
  } finally {
    letGo();
  }
}
