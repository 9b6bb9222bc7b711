import type { MillraceError } from '../../../errors/index.js';
import { makeErrorEnvelope, type RequestFailure } from '../../../http/index.js';

/** A response that can be sent again. */
export interface KeptResponse {
  readonly status: number;
  /** JSON. */
  readonly body: string;
  /** Trace of its run. */
  readonly traceId?: string;
  /** The failure for the access log. */
  readonly failure?: RequestFailure;
}

/** Client errors that are not about the request itself: the same request can succeed later. */
const PASSING: ReadonlySet<number> = new Set([401, 403, 408, 409, 429, 499]);

/**
 * Makes the stored form of a failure: undefined unless the request itself is at fault, so that it fails in the same way
 * each time.
 * @param node the step that failed, if there are several
 */
export function keepFailure(error: MillraceError, node: string | undefined): KeptResponse | undefined {
  if (error.status < 400 || error.status >= 500 || PASSING.has(error.status)) return undefined;
  const failure = { code: error.code ?? error.type, node };
  return { status: error.status, body: JSON.stringify(makeErrorEnvelope(error, node)), failure };
}
