import { type MillraceError, UpstreamError } from '../../errors/index.js';

/** Pause before a retry if the upstream names none, in milliseconds; doubled for each further retry. */
const FIRST_DELAY_MS = 100;
/** Longest pause, in milliseconds. If the upstream asks for a longer one, the client has to wait instead. */
const LONGEST_DELAY_MS = 2_000;

/**
 * Chooses the pause before a request is sent again, in milliseconds; undefined if it should not be. Pauses are short, because
 * a client is waiting for its status line and has retries of its own.
 * @param attempt how many tries have failed
 */
export function chooseRetryDelay(error: MillraceError, attempt: number): number | undefined {
  if (!(error instanceof UpstreamError) || !error.retryable) return undefined;
  const wait = error.retryAfterMs ?? FIRST_DELAY_MS * 2 ** (attempt - 1);
  return wait <= LONGEST_DELAY_MS ? wait : undefined;
}
