import type { NextFunction, Request, Response } from 'express';
import { PayloadTooLargeError } from '../errors/index.js';

/**
 * Refuses a body whose announced length is too large, on every route. A body of unknown length is measured by the code that reads
 * it.
 * @param mostBytes on the wire
 * @param limit the same for messages, such as `10mb`
 */
export function limitBody(mostBytes: number, limit: string) {
  return (request: Request, _response: Response, next: NextFunction): void => {
    const isTooLarge = Number(request.headers['content-length'] ?? 0) > mostBytes;
    next(isTooLarge ? new PayloadTooLargeError(limit) : undefined);
  };
}
