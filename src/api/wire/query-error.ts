import { InvalidRequestError } from '../../errors/index.js';

/**
 * The error for a parameter of a query with an invalid value.
 * @param problem what is expected, as a sentence that begins in lower case
 */
export function makeQueryError(param: string, problem: string): InvalidRequestError {
  return new InvalidRequestError(`Invalid value for '${param}': ${problem}`, { param, code: 'invalid_value' });
}
