import { InvalidRequestError } from '../../../errors/index.js';
import type { JsonObject } from '../../../kernel/index.js';

const USUAL_S = 300;
const LONGEST_S = 3_600;

/**
 * Reads the lifetime of a ticket, in seconds.
 * @param body of the request, as parsed; undefined: none
 * @throws InvalidRequestError if the lifetime is invalid
 */
export function readTtl(body: JsonObject | undefined): number {
  const ttl = body?.['ttl_s'] ?? USUAL_S;
  if (typeof ttl === 'number' && Number.isInteger(ttl) && ttl >= 1 && ttl <= LONGEST_S) return ttl;
  throw new InvalidRequestError(`Invalid value for 'ttl_s': expected an integer from 1 to ${LONGEST_S}.`, {
    param: 'ttl_s',
    code: typeof ttl === 'number' ? 'invalid_value' : 'invalid_type',
  });
}
