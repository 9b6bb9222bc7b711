import { InvalidRequestError } from '../../src/errors/index.js';

/**
 * Makes a function that returns the fault of a request's body; undefined if there is none.
 * @param validate throws the fault
 */
export function makeFaultFinder(
  validate: (body: unknown) => unknown,
): (body: unknown) => InvalidRequestError | undefined {
  return (body) => {
    try {
      validate(body);
      return undefined;
    } catch (error) {
      if (error instanceof InvalidRequestError) return error;
      throw error;
    }
  };
}
