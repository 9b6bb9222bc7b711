import type { NextFunction, Request, Response } from 'express';
import { PayloadTooLargeError } from '../errors/index.js';

/**
 * Refuses bodies whose announced length is too large, wherever they are sent. One that is not announced is for whoever
 * reads it to measure.
 * @param mostBytes on the wire
 * @param limit the same for people, such as `10mb`
 */
export function bodyLimit(mostBytes: number, limit: string) {
  return (request: Request, _response: Response, next: NextFunction): void => {
    const isTooLarge = Number(request.headers['content-length'] ?? 0) > mostBytes;
    next(isTooLarge ? new PayloadTooLargeError(limit) : undefined);
  };
}
