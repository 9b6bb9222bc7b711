import type { NextFunction, Request, Response } from 'express';
import type { IdSource } from '../kernel/index.js';

/** What an id from outside may look like, so that it can stand in headers and logs. */
const ACCEPTABLE = /^[\w.:/+=-]{1,128}$/;

/** The id of the request that a response answers. */
export function requestIdOf(response: Response): string {
  return String(response.getHeader('x-request-id') ?? '');
}

/** Gives every answer an `x-request-id`: the one that a gateway has given the request already, or a new one. */
export function requestIdMiddleware(ids: IdSource) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const given = request.get('x-request-id');
    response.setHeader('x-request-id', given !== undefined && ACCEPTABLE.test(given) ? given : ids.requestId());
    next();
  };
}
