import { InvalidRequestError, type MillraceError, toMillraceError } from '../errors/index.js';

/** Makes the error that the client gets of a thrown value. Express' own are translated here; whatever is left is a bug. */
export function translateError(thrown: unknown): MillraceError {
  return thrown instanceof URIError
    ? new InvalidRequestError('The URL of your request is malformed.')
    : toMillraceError(thrown);
}
