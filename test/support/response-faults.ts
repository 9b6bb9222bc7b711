import { InvalidRequestError } from '../../src/errors/index.js';
import { validateResponseRequest } from '../../src/api/responses/validate-response-request.js';

/** The fault in the body of a request for a response; undefined if there is none. */
export function findFault(body: unknown): InvalidRequestError | undefined {
  try {
    validateResponseRequest(body);
    return undefined;
  } catch (error) {
    if (error instanceof InvalidRequestError) return error;
    throw error;
  }
}
