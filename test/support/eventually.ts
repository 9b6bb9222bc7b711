import * as waits from '../../src/testing/eventually.js';

export { DeadlineError, type WaitOptions } from '../../src/testing/eventually.js';

/**
 * Milliseconds. A bound for hangs, not a measure: machines of CI are slow, and may stall. Less than the time limit of a test, so that
 * its error says what was waited for.
 */
const WITHIN_MS = 30_000;

/** Polls a condition as `eventually` of `millrace/testing` does, for longer. */
export function eventually<T>(
  condition: () => T | Promise<T>,
  options: waits.WaitOptions = {},
): Promise<NonNullable<T>> {
  return waits.eventually(condition, { within: WITHIN_MS, ...options });
}

/** Settles like `promise`, as `within` of `millrace/testing` does, but may take longer. */
export function within<T>(promise: PromiseLike<T>, options: waits.WaitOptions = {}): Promise<T> {
  return waits.within(promise, { within: WITHIN_MS, ...options });
}
