import { setTimeout as sleep } from 'node:timers/promises';

/** How long to wait in real time, and what the error says then. */
export interface WaitOptions {
  /** Milliseconds; 10,000 if absent. */
  readonly within?: number;
  /** What the test waits for, for the error's message. */
  readonly message?: string;
}

const DEFAULT_WITHIN_MS = 10_000;
/** Pauses between polls are this part of the time waited so far, so that a long wait leaves the processor to what it waits for. */
const PAUSE_SHARE = 1 / 10;
const SHORTEST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;

/** A condition did not come true, or a promise did not settle, within its deadline. */
export class DeadlineError extends Error {
  constructor(within: number, message = 'a condition', cause?: unknown) {
    super(`Timed out after ${within} ms while waiting for ${message}`, cause === undefined ? undefined : { cause });
    this.name = 'DeadlineError';
  }
}

/**
 * Polls `condition` until it gives a truthy value. Use it if there is no event to wait for; for a promise, use {@link
 * within}.
 *
 * @returns that value
 * @throws DeadlineError when the time is over; its `cause` is the last error of the condition, if there was one
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  { within: ms = DEFAULT_WITHIN_MS, message }: WaitOptions = {},
): Promise<NonNullable<T>> {
  const start = performance.now();
  let thrown: unknown;
  for (;;) {
    try {
      thrown = undefined;
      const value = await condition();
      if (value) return value;
    } catch (error) {
      thrown = error;
    }
    const waited = performance.now() - start;
    if (waited >= ms) throw new DeadlineError(ms, message, thrown);
    await sleep(Math.min(Math.max(waited * PAUSE_SHARE, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS));
  }
}

/**
 * Settles like `promise`.
 *
 * @throws DeadlineError if it does not settle in time
 */
export async function within<T>(
  promise: PromiseLike<T>,
  { within: ms = DEFAULT_WITHIN_MS, message = 'a promise' }: WaitOptions = {},
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(ms, message)), ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
