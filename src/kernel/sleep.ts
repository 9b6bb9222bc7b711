import type { AbortNotice } from './cancellation.js';
import type { Clock } from './clock.js';

/** Resolves after `ms` milliseconds. Rejects with the signal's reason as soon as that aborts, and leaves no timer behind. */
export function sleep(ms: number, clock: Clock, signal: AbortNotice): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal.reason);
    };
    const timer = clock.after(ms, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
