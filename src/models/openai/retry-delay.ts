import { type MillraceError, UpstreamError } from '../../errors/index.js';

/** Pause before another try when the upstream names none, in milliseconds; doubled for each further one. */
const FIRST_DELAY_MS = 100;
/** An upstream that asks for more patience than this is not asked again: the client is told to wait instead. */
const LONGEST_DELAY_MS = 2_000;

/**
 * How long to wait before a request of whose completion nothing has come is sent again, in milliseconds; undefined if it should
 * not be. The waits are short: a client is waiting for its status line, and has retries of its own.
 * @param attempt how many tries there have been
 */
export function chooseRetryDelay(error: MillraceError, attempt: number): number | undefined {
  if (!(error instanceof UpstreamError) || !error.retryable) return undefined;
  const wait = error.retryAfterMs ?? FIRST_DELAY_MS * 2 ** (attempt - 1);
  return wait <= LONGEST_DELAY_MS ? wait : undefined;
}
