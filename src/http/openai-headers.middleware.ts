import type { NextFunction, Request, Response } from 'express';
import type { Clock, IdSource } from '../kernel/index.js';

/** What an id from outside may look like, so that it can stand in headers and logs. */
const ACCEPTABLE_ID = /^[\w.:/+=-]{1,128}$/;

/** The version of the API that OpenAI's own answers name. */
const OPENAI_VERSION = '2020-10-01';

/** A new id for a request. */
export function makeRequestId(ids: IdSource): string {
  return `req_${ids.requestId()}`;
}

/** The id of the request that a response answers. */
export function readRequestId(response: Response): string {
  return String(response.getHeader('x-request-id') ?? '');
}

/**
 * Gives every answer the headers that OpenAI's answers have: `x-request-id` (the one that a gateway has given the request
 * already, or a new one), `openai-version`, and `openai-processing-ms`, the time until the status line was sent.
 */
export function addOpenAiHeaders(ids: IdSource, clock: Clock) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const startedAt = clock.monotonic();
    const given = request.get('x-request-id');
    response.setHeader('x-request-id', given !== undefined && ACCEPTABLE_ID.test(given) ? given : makeRequestId(ids));
    response.setHeader('openai-version', OPENAI_VERSION);
    onHead(response, () => {
      response.setHeader('openai-processing-ms', String(Math.round(clock.monotonic() - startedAt)));
    });
    next();
  };
}

/** Calls back just before the status line is written, whoever writes it: Node calls `writeHead` for all of them. */
function onHead(response: Response, callback: () => void): void {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => Response;
  const tellAndWriteHead = (...args: unknown[]): Response => {
    callback();
    return writeHead(...args);
  };
  // Named first: V8 makes a function that stands right of an assignment to a property in its old space, where it, and with it
  // the response and all of the run, would outlive the request until the next major collection (docs/performance.md).
  response.writeHead = tellAndWriteHead;
}
