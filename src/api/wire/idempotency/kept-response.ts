import type { MillraceError } from '../../../errors/index.js';
import { makeErrorEnvelope, type RequestFailure } from '../../../http/index.js';

/** A response as it can be given again. */
export interface KeptResponse {
  readonly status: number;
  /** JSON. */
  readonly body: string;
  /** Trace of the run that gave it. */
  readonly traceId?: string;
  /** What the access log says of a failure. */
  readonly failure?: RequestFailure;
}

/** Client errors that say nothing about the request itself: the same request can succeed later. */
const PASSING: ReadonlySet<number> = new Set([401, 403, 408, 409, 429, 499]);

/**
 * What is kept of a failure: undefined unless the request itself is at fault, so that it fails the same way each time.
 * @param node the step that failed, if there are several
 */
export function keepFailure(error: MillraceError, node: string | undefined): KeptResponse | undefined {
  if (error.status < 400 || error.status >= 500 || PASSING.has(error.status)) return undefined;
  const failure = { code: error.code ?? error.type, node };
  return { status: error.status, body: JSON.stringify(makeErrorEnvelope(error, node)), failure };
}
