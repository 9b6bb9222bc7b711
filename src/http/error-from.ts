import { HttpException, HttpStatus } from '@nestjs/common';
import type { Request } from 'express';
import { InvalidRequestError, type MillraceError, toMillraceError, UnknownRouteError } from '../errors/index.js';

/**
 * The error that a thrown value has for the client. Nest's own exceptions are translated here: an unknown route, and what
 * it wraps of Express (the original is the `cause`). Whatever is left is a bug.
 */
export function errorFrom(thrown: unknown, request: Request): MillraceError {
  if (!(thrown instanceof HttpException)) return toMillraceError(thrown);
  if (thrown.cause instanceof URIError) return new InvalidRequestError('The URL of your request is malformed.');
  if (thrown.getStatus() === (HttpStatus.NOT_FOUND as number)) {
    return new UnknownRouteError(request.method, request.path);
  }
  return toMillraceError(thrown);
}
