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

const STARTED_AT = Symbol('started at');
const WRITE_HEAD = Symbol('write head');

type WriteHead = (this: TimedResponse, ...args: unknown[]) => unknown;

/** A response that waits for its status line. */
interface TimedResponse extends Pick<Response, 'setHeader'> {
  /** In milliseconds of the monotonic clock. */
  [STARTED_AT]: number;
  writeHead: WriteHead;
  /** The `writeHead` before {@link addOpenAiHeaders}. */
  [WRITE_HEAD]: WriteHead;
  readonly _header?: string;
}

/**
 * Gives every response the headers of OpenAI's responses: `x-request-id` (the one that a gateway has given the request, or a new
 * one), `openai-version`, and `openai-processing-ms`, the time until the status line was sent.
 */
export function addOpenAiHeaders(ids: IdSource, clock: Clock) {
  /** Node calls it for every response. It is one function for all of them, because each open response would keep its own. */
  function writeHead(this: TimedResponse, ...args: unknown[]): TimedResponse {
    this.setHeader('openai-processing-ms', String(Math.round(clock.monotonic() - this[STARTED_AT])));
    this[WRITE_HEAD](...args);
    flattenHead(this);
    return this;
  }

  return (request: Request, response: Response, next: NextFunction): void => {
    const given = request.get('x-request-id');
    response.setHeader('x-request-id', given !== undefined && ACCEPTABLE_ID.test(given) ? given : makeRequestId(ids));
    response.setHeader('openai-version', OPENAI_VERSION);
    const timed = response as unknown as TimedResponse;
    timed[STARTED_AT] = clock.monotonic();
    timed[WRITE_HEAD] = timed.writeHead;
    timed.writeHead = writeHead;
    next();
  };
}

/**
 * Node keeps the head of a response for as long as it is open, as it was put together: a tree of some sixty pieces of text, two
 * kilobytes. V8 makes one text of it when it is searched. `_header` is internal to Node; without it, nothing is saved.
 */
function flattenHead({ _header: head }: TimedResponse): void {
  if (typeof head === 'string') /\0/.test(head);
}
