import type { Request, Response } from 'express';
import type { MillraceError } from '../errors/index.js';
import type { Tracer } from '../tracing/index.js';
import { readRequestId } from './openai-headers.middleware.js';
import { findRecord } from './request-record.js';

/** Refused before the caller was known: anybody could fill the backend with such traces. */
const UNTRACED_STATUS: ReadonlySet<number> = new Set([401, 405, 429]);

/**
 * Gives a request that was refused before it became a run a trace of its own, so that every answer has an `x-trace-id`
 * and each leads somewhere. Nothing of the request's body is in it.
 */
export function traceRefusal(tracer: Tracer, request: Request, response: Response, error: MillraceError): void {
  if (!tracer.enabled || UNTRACED_STATUS.has(error.status)) return;
  // Traces of what a busy server turns away would make it busier.
  if (error.code === 'server_overloaded') return;
  // A run has a trace of its own, unless its workflow wants none.
  if (response.hasHeader('x-trace-id') || findRecord(response).hasRun) return;
  const traceparent = request.get('traceparent');
  const trace = tracer.startTrace({
    name: 'refused request',
    metadata: { request_id: readRequestId(response), status: error.status },
    ...(traceparent !== undefined && { traceparent }),
  });
  trace.end({ level: 'ERROR', statusMessage: `${error.code ?? error.name}: ${error.param ?? '-'}` });
  if (trace.id !== undefined) response.setHeader('x-trace-id', trace.id);
}
