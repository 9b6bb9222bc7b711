import { GoneError } from '../../errors/index.js';

/** @param what the expired data that the client asked for; absent: the log */
export function makeLogExpiredError(what = ''): GoneError {
  const gone = what === '' ? 'The log of this run has expired' : `The log of this run has expired, and with it ${what}`;
  return new GoneError(`${gone}: only the run itself is left.`, 'log_expired');
}
