import { HttpException } from '@nestjs/common';
import { InvalidRequestError, type MillraceError, RefusedByHostError, toMillraceError } from '../errors/index.js';
import { isError } from '../kernel/index.js';

/**
 * Makes the error for the client of a thrown value. It translates what Express throws, and the exceptions with which an
 * application's own middleware refuses requests; anything else is a bug.
 */
export function translateError(thrown: unknown): MillraceError {
  if (!isError(thrown)) return toMillraceError(thrown);
  if (thrown instanceof URIError) return new InvalidRequestError('The URL of your request is malformed.');
  if (thrown instanceof HttpException && thrown.getStatus() >= 400 && thrown.getStatus() < 500) {
    return new RefusedByHostError(thrown.getStatus(), thrown.message);
  }
  return toMillraceError(thrown);
}
