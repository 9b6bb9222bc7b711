import type { Request } from 'express';
import { InvalidRequestError } from '../../errors/index.js';

/** Request header by which a client asks for a run that outlives its connection. */
export const ON_DISCONNECT_HEADER = 'millrace-on-disconnect';

/**
 * What happens to a logged run without readers: it runs to its end, or ends some time after its last reader has left.
 */
export const ON_DISCONNECT = ['continue', 'cancel'] as const;
export type OnDisconnect = (typeof ON_DISCONNECT)[number];

/**
 * Reads what happens to a run whose client leaves. Doors that ignore the header refuse invalid values, too.
 * @returns undefined if the header is absent
 * @throws InvalidRequestError if its value is another
 */
export function readOnDisconnect(request: Pick<Request, 'get'>): OnDisconnect | undefined {
  const header = request.get(ON_DISCONNECT_HEADER);
  if (header === undefined) return undefined;
  const value = ON_DISCONNECT.find((word) => word === header.trim().toLowerCase());
  if (value === undefined) {
    throw new InvalidRequestError(
      `Invalid value for the header ${ON_DISCONNECT_HEADER}: expected 'continue' or 'cancel'.`,
      { code: 'invalid_value' },
    );
  }
  return value;
}
