import { ForbiddenError } from './access-errors.js';
import { ModelNotFoundError, UnknownRouteError } from './client-errors.js';
import type { MillraceError } from './millrace-error.js';
import { RunAbortedError } from './run-aborted-error.js';
import { InternalError, OverloadedError, UpstreamError } from './server-errors.js';

/**
 * How a request, a run or a model call ended. A fixed list, so that nothing that clients or upstreams send can add
 * series to the metrics.
 */
export const OUTCOMES = [
  // Why a model stopped, by OpenAI's names.
  'stop',
  'length',
  'tool_calls',
  'content_filter',
  // Responses without a run, such as lists and pages.
  'ok',
  // Ended from outside.
  'client_abort',
  'cancelled',
  'deadline',
  'shutdown',
  // A model call that ended because something else failed.
  'aborted',
  // The request was at fault.
  'invalid_request',
  'unknown_model',
  'unknown_route',
  'unauthorized',
  'forbidden',
  'rate_limited',
  // A model provider was at fault.
  'upstream_error',
  'upstream_timeout',
  'upstream_rate_limited',
  'upstream_quota',
  'upstream_rejected',
  // This server was at fault.
  'overloaded',
  'internal_error',
] as const;
/** One of {@link OUTCOMES}. */
export type Outcome = (typeof OUTCOMES)[number];

/** Reads the outcome of a request, run or model call that failed with this error. */
export function readOutcome(error: MillraceError): Outcome {
  if (error instanceof RunAbortedError) {
    return error.abortCause === 'client_disconnected' ? 'client_abort' : error.abortCause;
  }
  if (error instanceof UpstreamError) return readUpstreamOutcome(error);
  if (error instanceof ForbiddenError) return 'forbidden';
  if (error instanceof ModelNotFoundError) return 'unknown_model';
  if (error instanceof UnknownRouteError) return 'unknown_route';
  if (error instanceof OverloadedError) return 'overloaded';
  if (error instanceof InternalError) return 'internal_error';
  return readStatusOutcome(error.status);
}

/** Reads the outcome of a request of which only the response's status is known. */
export function readStatusOutcome(status: number): Outcome {
  if (status < 400) return 'ok';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'unknown_route';
  if (status === 429) return 'rate_limited';
  if (status < 500) return 'invalid_request';
  return status === 503 ? 'overloaded' : 'internal_error';
}

function readUpstreamOutcome({ status, type }: UpstreamError): Outcome {
  if (type === 'insufficient_quota') return 'upstream_quota';
  if (status === 429) return 'upstream_rate_limited';
  if (status === 504 || status === 408) return 'upstream_timeout';
  // With any other status, the upstream has refused what the client sent.
  return status === 502 ? 'upstream_error' : 'upstream_rejected';
}
