import { Injectable, Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import {
  InternalError,
  formatStackForLog,
  MethodNotAllowedError,
  type MillraceError,
  RequestTimeoutError,
  UnauthorizedError,
} from '../errors/index.js';
import { Clock } from '../kernel/index.js';
import { Tracer } from '../tracing/index.js';
import { readRequestId } from './openai-headers.middleware.js';
import { makeErrorEnvelope } from './error-envelope.js';
import { findErrorForm } from './error-form.js';
import { translateError } from './translate-error.js';
import { findRecord } from './request-record.js';
import { RunRoutes } from './run-routes.service.js';
import { traceRefusal } from './trace-refusal.js';
import { discardBody } from './unread-body.js';

/** The only place where errors become HTTP responses, with OpenAI's envelope unless a door's protocol has a form of its own. */
@Injectable()
export class ErrorResponses {
  readonly #logger = new Logger('Http');

  constructor(
    private readonly tracer: Tracer,
    private readonly clock: Clock,
    private readonly runRoutes: RunRoutes,
  ) {}

  /** The last middleware. Express recognises by its four parameters that it is for errors. */
  readonly middleware = (thrown: unknown, request: Request, response: Response, _next: NextFunction): void => {
    this.respond(thrown, request, response);
  };

  /** Responds with an error. It never throws, since no other code could handle that. */
  readonly respond = (thrown: unknown, request: Request, response: Response): void => {
    try {
      this.#send(thrown, request, response);
    } catch (fault) {
      response.destroy();
      this.#logger.error('An error could not be sent', {}, formatStackForLog(fault));
    }
  };

  #send(thrown: unknown, request: Request, response: Response): void {
    const error = translateError(thrown);
    if (request.method !== 'OPTIONS') findRecord(response).setFailure(error);
    if (error instanceof InternalError && error !== thrown) {
      const request_id = readRequestId(response);
      this.#logger.error(
        `${request.method} ${request.baseUrl}${request.path} ${request_id} failed by a bug`,
        { request_id },
        formatStackForLog(thrown),
      );
    }
    if (response.destroyed || response.writableEnded) return;
    if (response.headersSent) {
      // The response has begun. It is cut off, because half a response must not look like a whole one.
      response.destroy();
      return;
    }
    if (error instanceof MethodNotAllowedError) {
      response.setHeader('allow', error.allow.join(', '));
      if (request.method === 'OPTIONS') {
        response.status(204).end();
        return;
      }
    }
    if (error instanceof UnauthorizedError) setChallenge(response, error);
    if (error instanceof RequestTimeoutError) response.setHeader('connection', 'close');
    else discardBody(request, this.clock);
    setRetryHeaders(response, error);
    if (this.runRoutes.has(request.path)) traceRefusal(this.tracer, request, response, error);
    const { failure, events } = findRecord(response);
    const form = findErrorForm(response);
    response.status(error.status).json(form?.(error) ?? makeErrorEnvelope(error, failure?.node, events));
  }
}

/** Says how to authenticate. @see https://www.rfc-editor.org/rfc/rfc6750#section-3 */
function setChallenge(response: Response, { isRefused }: UnauthorizedError): void {
  response.setHeader('www-authenticate', isRefused ? 'Bearer error="invalid_token"' : 'Bearer');
}

/** `retry-after` in whole seconds, as all clients read it, and in milliseconds for OpenAI's SDKs, which prefer that. */
function setRetryHeaders(response: Response, { retryAfterMs, retryable, status }: MillraceError): void {
  if (retryAfterMs !== undefined) {
    response.setHeader('retry-after', String(Math.ceil(retryAfterMs / 1_000)));
    response.setHeader('retry-after-ms', String(Math.ceil(retryAfterMs)));
  }
  // Only where an SDK would try again by itself.
  if (!retryable && (status === 408 || status === 409 || status === 429 || status >= 500)) {
    response.setHeader('x-should-retry', 'false');
  }
}
