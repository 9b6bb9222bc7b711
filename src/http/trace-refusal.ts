import type { Request, Response } from 'express';
import type { MillraceError } from '../errors/index.js';
import type { Tracer } from '../tracing/index.js';
import { readRequestId } from './openai-headers.middleware.js';
import { findRecord } from './request-record.js';

/** Statuses without a trace: their callers may be unknown, and anybody could fill the backend with such traces. */
const UNTRACED_STATUS: ReadonlySet<number> = new Set([401, 405, 429]);

/**
 * Gives a request that was refused before it became a run a trace of its own, so that every response has an `x-trace-id`.
 * The trace holds nothing of the request's body.
 */
export function traceRefusal(tracer: Tracer, request: Request, response: Response, error: MillraceError): void {
  if (!tracer.enabled || UNTRACED_STATUS.has(error.status)) return;
  // A trace for each request that a busy server refuses would make it busier.
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
