import type { NextFunction, Request, Response } from 'express';
import { InvalidRequestError } from '../errors/index.js';

/** Refuses requests of HTTP/1.1 without a `Host`. @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2 */
export function requireHost(request: Request, _response: Response, next: NextFunction): void {
  if (request.headers.host === undefined && request.httpVersion === '1.1') {
    next(new InvalidRequestError('The request has no Host header.'));
  } else next();
}
