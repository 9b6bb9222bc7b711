import { HttpException, HttpStatus } from '@nestjs/common';
import type { Request } from 'express';
import { InvalidRequestError, type MillraceError, toMillraceError, UnknownRouteError } from '../errors/index.js';
import { isError } from '../kernel/index.js';
import { API_ROOT } from './api-root.js';
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

const ROOTS = new RegExp(`^(${API_ROOT})+`);

/** Advice for a route that does not exist: the one that was probably meant, or those of the API. */
function adviseRoute({ app, method, path }: Request): string {
  const routes = listRoutes(app).filter((route) => route.includes(` ${API_ROOT}/`));
  // The base URL of a client has the root too seldom or too often.
  const meant = [`${method} ${API_ROOT}${path}`, `${method} ${path.replace(ROOTS, API_ROOT)}`];
  const found = routes.find((route) => meant.includes(route));
  if (found !== undefined) return `Did you mean ${found}? The base URL that clients are given ends in ${API_ROOT}.`;
  if (path.startsWith(API_ROOT)) return `There are: ${routes.join(', ')}.`;
  // The shortest one lists what there is.
  const [start = 'GET /'] = routes.filter((route) => route.startsWith('GET ')).toSorted((a, b) => a.length - b.length);
  return `The API is below ${API_ROOT}: ${start} is a start.`;
}
