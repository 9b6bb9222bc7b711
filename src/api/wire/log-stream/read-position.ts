import type { Request } from 'express';
import { GoneError, InvalidRequestError } from '../../../errors/index.js';
import { readQuery } from '../../../http/index.js';
import type { LoggedRun } from '../../../runs/index.js';

/** The position from which a client continues to read a stream. */
interface StreamPosition {
  /** Number of the last frame that the reader has; -1: none. */
  readonly after: number;
  /** True if the browser sent it by itself: it reconnects again and again until it gets a 204. */
  readonly isReconnect: boolean;
}

const DIGITS = /^\d+$/;

/**
 * Reads the position of a client. If a page has the parameter in its address, the browser adds `Last-Event-ID` at each
 * reconnect, so the greater one counts.
 * @param parameter of the query, by its name
 * @param number the protocol's name for the number of an event
 * @throws InvalidRequestError if the parameter is not a number
 */
export function readPosition(
  request: Pick<Request, 'query' | 'get'>,
  parameter: string,
  number: string,
): StreamPosition {
  const given = readQuery(request)[parameter];
  if (given !== undefined && (typeof given !== 'string' || !DIGITS.test(given))) {
    throw new InvalidRequestError(
      `Invalid value for '${parameter}': expected the ${number} of an event, in decimal digits.`,
      { param: parameter, code: 'invalid_value' },
    );
  }
  const asked = given === undefined ? -1 : readDigits(given);
  const header = request.get('last-event-id') ?? '';
  if (!DIGITS.test(header)) return { after: asked, isReconnect: false };
  return { after: Math.max(asked, readDigits(header)), isReconnect: true };
}

/** No log is as long as the largest exact number, which stands for all above it. */
function readDigits(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

/**
 * Checks a position in streams whose frames have the numbers of the log's events.
 * @throws GoneError if the log does not reach that far: a store that lost its end would otherwise continue with other
 *   events under numbers that the client has seen
 */
export function assertReached({ after }: StreamPosition, { length }: Pick<LoggedRun, 'length'>): void {
  if (after >= length) throw makeTruncatedError(after);
}

/** @param after number of an event that the log of a run does not have */
export function makeTruncatedError(after: number): GoneError {
  return new GoneError(
    `The log of this run has no event ${after}: it ends before it. Read it from its beginning.`,
    'log_truncated',
  );
}
