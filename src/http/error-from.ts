import { HttpException, HttpStatus } from '@nestjs/common';
import type { Request } from 'express';
import {
  InvalidRequestError,
  type MillraceError,
  PayloadTooLargeError,
  toMillraceError,
  UnknownRouteError,
  UnsupportedMediaTypeError,
} from '../errors/index.js';

/** What Express's body parser throws: the word for the fault stands in `type`. */
interface BodyParserError {
  readonly type: string;
}

/**
 * The error that a thrown value has for the client. Nest's own exceptions (unknown route) and those of the body parser are
 * translated here; whatever is left is a bug.
 * @param bodyLimit the limit that a body too large has exceeded, as configured
 */
export function errorFrom(thrown: unknown, request: Request, bodyLimit: string): MillraceError {
  if (isBodyParserError(thrown)) return bodyError(thrown, bodyLimit);
  if (!(thrown instanceof HttpException)) return toMillraceError(thrown);
  const status = thrown.getStatus();
  if (status === (HttpStatus.NOT_FOUND as number)) return new UnknownRouteError(request.method, request.path);
  if (status === (HttpStatus.BAD_REQUEST as number)) {
    // Nest makes this of a SyntaxError of the body parser, and of a path that cannot be decoded.
    return new InvalidRequestError(
      isBodyParserError(thrown.cause) || request.method === 'POST'
        ? 'We could not parse the JSON body of your request. The API expects a JSON object; check it for syntax errors.'
        : 'The URL of your request is malformed.',
    );
  }
  return toMillraceError(thrown);
}

function bodyError({ type }: BodyParserError, bodyLimit: string): MillraceError {
  switch (type) {
    case 'entity.too.large':
      return new PayloadTooLargeError(bodyLimit);
    case 'encoding.unsupported':
      return new UnsupportedMediaTypeError(
        'The content encoding of the request is not supported. Use gzip, deflate, br or none.',
      );
    case 'charset.unsupported':
      return new UnsupportedMediaTypeError('The charset of the request is not supported. Send the body as UTF-8.');
    case 'request.aborted':
    case 'request.size.invalid':
      return new InvalidRequestError('The body of the request is not as long as its Content-Length says.');
    default:
      return new InvalidRequestError(
        'We could not parse the JSON body of your request. The API expects a JSON object; check it for syntax errors.',
      );
  }
}

function isBodyParserError(thrown: unknown): thrown is BodyParserError {
  return (
    thrown instanceof Error &&
    'type' in thrown &&
    typeof thrown.type === 'string' &&
    'expose' in thrown &&
    'status' in thrown
  );
}
