import type { Request } from 'express';
import { UnsupportedMediaTypeError } from '../errors/index.js';

/**
 * The parsed body of a request; undefined if there is none. (Express makes an empty object of an empty body, and leaves
 * one that it does not parse unread.)
 * @throws UnsupportedMediaTypeError if there is a body that is not named JSON
 */
export function jsonBodyOf(request: Request): unknown {
  const length = request.headers['content-length'];
  if (length === '0' || (length === undefined && request.headers['transfer-encoding'] === undefined)) return undefined;
  if (request.body === undefined) {
    throw new UnsupportedMediaTypeError(
      'The body of your request must be JSON: send it with the header Content-Type: application/json.',
    );
  }
  return request.body;
}
