import { ForbiddenError } from './access-errors.js';
import { ModelNotFoundError, NotFoundError, UnknownRouteError } from './client-errors.js';
import type { MillraceError } from './millrace-error.js';
import { RunAbortedError } from './run-aborted-error.js';
import type { Outcome } from './outcomes.js';
import { ReplayedError } from './replayed-error.js';
import { InternalError, OverloadedError, RunLeftError, UpstreamError } from './server-errors.js';

/** Reads the outcome of a request, run or model call that failed with this error. */
export function readOutcome(error: MillraceError): Outcome {
  if (error instanceof RunAbortedError) {
    return error.abortCause === 'client_disconnected' ? 'client_abort' : error.abortCause;
  }
  if (error instanceof ReplayedError) return error.outcome;
  if (error instanceof UpstreamError) return readUpstreamOutcome(error);
  if (error instanceof ForbiddenError) return 'forbidden';
  if (error instanceof ModelNotFoundError) return 'unknown_model';
  if (error instanceof UnknownRouteError) return 'unknown_route';
  if (error instanceof NotFoundError) return 'not_found';
  if (error instanceof RunLeftError) return error.reason === 'shutdown' ? 'shutdown' : 'overloaded';
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
