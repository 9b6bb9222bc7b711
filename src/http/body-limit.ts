import type { NextFunction, Request, Response } from 'express';
import { PayloadTooLargeError } from '../errors/index.js';
import type { Clock } from '../kernel/index.js';
import { errorEnvelope } from '../protocol/index.js';
import { recordOf } from './request-record.js';
import { discardBody } from './unread-body.js';

/**
 * Refuses bodies that are too large as soon as that is known: by their length, or while they come. The parser, which has the
 * same limit, would read them to their end first, even if they have none. It must come right after this.
 * @param mostBytes on the wire; what compressed bodies come to is for the parser to measure
 * @param limit the same for people, such as `10mb`
 */
export function bodyLimit(mostBytes: number, limit: string, clock: Clock) {
  return (request: Request, response: Response, next: NextFunction): void => {
    if (Number(request.headers['content-length'] ?? 0) > mostBytes) {
      next(new PayloadTooLargeError(limit));
      return;
    }
    if (request.headers['transfer-encoding'] !== undefined) {
      let size = 0;
      const count = (bytes: Buffer): void => {
        size += bytes.length;
        if (size <= mostBytes) return;
        request.off('data', count);
        if (!response.headersSent) refuse(request, response, new PayloadTooLargeError(limit), clock);
      };
      request.on('data', count);
    }
    next();
  };
}

/** Answers by itself: the request is the parser's, which gives it to nobody before its end. */
function refuse(request: Request, response: Response, error: PayloadTooLargeError, clock: Clock): void {
  recordOf(response).failed(error);
  discardBody(request, clock);
  response.status(error.status).json(errorEnvelope(error));
}
