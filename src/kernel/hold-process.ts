import { MAX_TIMER_MS } from './clock.js';

let holders = 0;
/** A timer that does nothing when it fires. Made once, since a quiet server holds and lets go with each run. */
let handle: NodeJS.Timeout | undefined;

/**
 * Keeps the process alive until the returned function is called. Node exits, with code 13 or even 0, as soon as only unref'd timers
 * and idle sockets are left, whatever is awaited. So code that waits for a `Clock`'s timer, or for other code that may
 * wait for one, must hold the process meanwhile.
 * @returns a function that lets go; later calls do nothing
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

/** Keeps the process alive until `promise` settles, and settles as it does. */
export async function holdProcessUntil<T>(promise: PromiseLike<T>): Promise<T> {
  const letGo = holdProcess();
  try {
    return await promise;
  } finally {
    letGo();
  }
}
