import type { Request } from 'express';
import { InvalidRequestError } from '../../errors/index.js';
import { readQuery } from '../../http/index.js';

/**
 * Reads a parameter of a query that is `true` or `false`; absent, it is false.
 * @throws InvalidRequestError if it is anything else
 */
export function readFlag(request: Pick<Request, 'query'>, parameter: string): boolean {
  const given = readQuery(request)[parameter];
  if (given === undefined || given === 'false') return false;
  if (given === 'true') return true;
  throw new InvalidRequestError(`Invalid value for '${parameter}': expected 'true' or 'false'.`, {
    param: parameter,
    code: 'invalid_value',
  });
}
