import { HttpException, HttpStatus } from '@nestjs/common';
import type { Request } from 'express';
import { InvalidRequestError, type MillraceError, toMillraceError, UnknownRouteError } from '../errors/index.js';
import { isError } from '../kernel/index.js';
import { listRoutes } from './list-routes.js';

/**
 * Makes the error that the client gets of a thrown value. Nest's own exceptions are translated here: an unknown route, and
 * Express' errors, which it wraps (the original is the `cause`). Whatever is left is a bug.
 */
export function translateError(thrown: unknown, request: Request): MillraceError {
  if (!isError(thrown) || !(thrown instanceof HttpException)) return toMillraceError(thrown);
  if (thrown.cause instanceof URIError) return new InvalidRequestError('The URL of your request is malformed.');
  if (thrown.getStatus() === (HttpStatus.NOT_FOUND as number)) {
    return new UnknownRouteError(request.method, request.path, adviseRoute(request));
  }
  return toMillraceError(thrown);
}

/** Advice for a route that does not exist: the one that was probably meant, or all below `/v1`. */
function adviseRoute({ app, method, path }: Request): string {
  const routes = listRoutes(app).filter((route) => route.includes(' /v1/'));
  // The base URL of a client has one /v1 too few or too many.
  const meant = [`${method} /v1${path}`, `${method} ${path.replace(/^(\/v1)+/, '/v1')}`];
  const found = routes.find((route) => meant.includes(route));
  if (found !== undefined) return `Did you mean ${found}? The base URL that clients are given ends in /v1.`;
  return path.startsWith('/v1')
    ? `There are: ${routes.join(', ')}.`
    : 'The API is below /v1: GET /v1/models is a start.';
}
