import type { Request } from 'express';
import { readQuery } from '../../http/index.js';
import { makeQueryError } from './query-error.js';

/**
 * Reads a parameter of a query that is `true` or `false`; absent, it is false.
 * @throws InvalidRequestError if it is anything else
 */
export function readFlag(request: Pick<Request, 'query'>, parameter: string): boolean {
  const given = readQuery(request)[parameter];
  if (given === undefined || given === 'false') return false;
  if (given === 'true') return true;
  throw makeQueryError(parameter, "expected 'true' or 'false'.");
}
