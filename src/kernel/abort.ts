import type { AbortNotice } from './cancellation.js';
import type { Clock, Timer } from './clock.js';

/**
 * Settles as `promise` does, or rejects with `signal.reason` as soon as the signal aborts. The listener is removed in
 * either case, so a long-lived signal collects none.
 */
export function rejectOnAbort<T>(promise: PromiseLike<T>, signal: AbortNotice): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) {
      promise.then(undefined, () => undefined);
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(
      (value) => {
        signal.removeEventListener('abort', onAbort);
        resolve(value);
      },
      (error: unknown) => {
        signal.removeEventListener('abort', onAbort);
        reject(error);
      },
    );
  });
}

/**
 * Settles as `promise` does, or resolves with `late()` after `ms` milliseconds. What the promise does after that is
 * ignored.
 */
export function settleInTime<T, L>(promise: PromiseLike<T>, clock: Clock, ms: number, late: () => L): Promise<T | L> {
  return new Promise<T | L>((resolve, reject) => {
    const timer = clock.after(ms, () => resolve(late()));
    promise.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}

/**
 * Settles as `promise` does. Once `signal` aborts it rejects with `signal.reason`: as soon as the promise settles, so that
 * what it opened is closed by then, but after `graceMs` milliseconds at the latest, because it may ignore the signal.
 */
export function settleOrAbort<T>(
  promise: PromiseLike<T>,
  signal: AbortNotice,
  clock: Clock,
  graceMs: number,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let timer: Timer | undefined;
    const giveUp = (): void => reject(signal.reason);
    const onAbort = (): void => {
      timer = clock.after(graceMs, giveUp);
    };
    const settle = (deliver: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      timer?.cancel();
      if (signal.aborted) giveUp();
      else deliver();
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}
