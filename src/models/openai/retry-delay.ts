import { APIConnectionError, APIError } from 'openai';
import { retryAfterOf } from './retry-after.js';

/** Pause before another try when the upstream names none, in milliseconds; doubled for each further one. */
const FIRST_DELAY_MS = 100;
/** An upstream that asks for more patience than this is not asked again: the client is told to wait instead. */
const LONGEST_DELAY_MS = 2_000;

/**
 * How long to wait before a request that failed without an answer is sent again, in milliseconds; undefined if it should
 * not be. The rules are the SDK's (connection errors, 408, 409, 429 and 5xx; `x-should-retry` overrules), but the waits are
 * short: a client is waiting for its status line, and has retries of its own.
 * @param attempt how many tries there have been
 */
export function retryDelay(thrown: unknown, attempt: number): number | undefined {
  const backOff = FIRST_DELAY_MS * 2 ** (attempt - 1);
  if (thrown instanceof APIConnectionError) return backOff;
  if (!(thrown instanceof APIError) || thrown.status === undefined) return undefined;
  const { status, headers, code } = thrown;
  const advice = headers?.get('x-should-retry');
  const isTransient = status === 408 || status === 409 || status === 429 || status >= 500;
  if (advice === 'false' || (advice !== 'true' && !isTransient) || code === 'insufficient_quota') return undefined;
  const wait = retryAfterOf(headers) ?? backOff;
  return wait <= LONGEST_DELAY_MS ? wait : undefined;
}
