import type { NextFunction, Request, Response } from 'express';
import type { Clock, IdSource } from '../kernel/index.js';

/** The form of request ids from outside that are safe in headers and logs. */
const ACCEPTABLE_ID = /^[\w.:/+=-]{1,128}$/;

/** The version of the API in OpenAI's own responses. */
const OPENAI_VERSION = '2020-10-01';

/** Makes a new id for a request. */
export function makeRequestId(ids: IdSource): string {
  return `req_${ids.requestId()}`;
}

/** Reads the id of the request from its response. */
export function readRequestId(response: Response): string {
  return String(response.getHeader('x-request-id') ?? '');
}

/**
 * Gives every response the headers of OpenAI's responses: `x-request-id` (the one that a gateway has given the request, or a new
 * one), `openai-version`, and `openai-processing-ms`, the time until the status line was sent.
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

/** Calls back just before the status line is written: Node calls `writeHead` for every response. */
function onHead(response: Response, callback: () => void): void {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => Response;
  const tellAndWriteHead = (...args: unknown[]): Response => {
    callback();
    return writeHead(...args);
  };
  // Assigned to a variable first: V8 puts a function that is assigned directly to a property into its old space, where it would
  // keep the response and the whole run alive until the next major collection (docs/performance.md).
  response.writeHead = tellAndWriteHead;
}
