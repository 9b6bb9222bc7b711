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

/**
 * The error that a thrown value has for the client. Nest's own exceptions are translated here: an unknown route, and what
 * it wraps of Express and its body parser (the original is the `cause`). Whatever is left is a bug.
 * @param bodyLimit the limit that a body too large has exceeded, as configured
 */
export function errorFrom(thrown: unknown, request: Request, bodyLimit: string): MillraceError {
  if (!(thrown instanceof HttpException)) return toMillraceError(thrown);
  if (thrown.cause instanceof URIError) return new InvalidRequestError('The URL of your request is malformed.');
  if (isBodyParserError(thrown.cause)) return bodyError(thrown.cause.type, bodyLimit);
  if (isDecodingError(thrown.cause)) {
    return new InvalidRequestError('The body of the request cannot be decoded as its Content-Encoding says.');
  }
  if (thrown.getStatus() === (HttpStatus.NOT_FOUND as number)) {
    return new UnknownRouteError(request.method, request.path);
  }
  return toMillraceError(thrown);
}

/** @param type the body parser's word for the fault */
function bodyError(type: string, bodyLimit: string): MillraceError {
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

/** Of zlib: `Z_DATA_ERROR` and the like; for Brotli `ERR__ERROR_FORMAT_…`, in later Nodes `ERR_BROTLI_…`. */
function isDecodingError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(Z_|ERR__|ERR_BROTLI_)/.test(String(error.code));
}

function isBodyParserError(error: unknown): error is Error & { readonly type: string } {
  return error instanceof Error && 'type' in error && typeof error.type === 'string';
}
