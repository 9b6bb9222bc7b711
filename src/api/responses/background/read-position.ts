import type { Request } from 'express';
import { InvalidRequestError } from '../../../errors/index.js';

/** Where a client wants to go on in a stream. */
export interface StreamPosition {
  /** Number of the last event that it has; -1: none. */
  readonly after: number;
  /** True if the browser says so by itself: it comes back again and again until it is told to stop. */
  readonly isReconnect: boolean;
}

const DIGITS = /^\d{1,15}$/;

/**
 * Reads where a client wants to go on. If a page has `starting_after` in its address, the browser's `Last-Event-ID` comes on top of
 * it at each reconnect; so the greater one counts.
 * @throws InvalidRequestError if `starting_after` is no number
 */
export function readPosition(request: Pick<Request, 'query' | 'get'>): StreamPosition {
  const given = request.query['starting_after'];
  if (given !== undefined && (typeof given !== 'string' || !DIGITS.test(given))) {
    throw new InvalidRequestError(
      "Invalid value for 'starting_after': expected the sequence_number of an event, in decimal digits.",
      { param: 'starting_after', code: 'invalid_value' },
    );
  }
  const asked = given === undefined ? -1 : Number(given);
  const header = request.get('last-event-id') ?? '';
  if (!DIGITS.test(header)) return { after: asked, isReconnect: false };
  return { after: Math.max(asked, Number(header)), isReconnect: true };
}
