import { InvalidRequestError } from '../../../errors/index.js';
import { isJsonObject } from '../../../kernel/index.js';

const USUAL_S = 300;
const LONGEST_S = 3_600;

/**
 * How long a ticket is to be good, in seconds.
 * @param body of the request, as parsed; undefined: none
 * @throws InvalidRequestError if it is no such object
 */
export function readTtl(body: unknown): number {
  if (body === undefined) return USUAL_S;
  if (!isJsonObject(body)) throw new InvalidRequestError('The request body must be a JSON object, or be left out.');
  const ttl = body['ttl_s'] ?? USUAL_S;
  if (typeof ttl === 'number' && Number.isInteger(ttl) && ttl >= 1 && ttl <= LONGEST_S) return ttl;
  throw new InvalidRequestError(`Invalid value for 'ttl_s': expected an integer from 1 to ${LONGEST_S}.`, {
    param: 'ttl_s',
    code: typeof ttl === 'number' ? 'invalid_value' : 'invalid_type',
  });
}
