import { validateResponseRequest } from '../../src/api/responses/validate-response-request.js';
import { makeFaultFinder } from './fault-finder.js';

/** The fault in the body of a request for a response; undefined if there is none. */
export const findFault = makeFaultFinder(validateResponseRequest);
