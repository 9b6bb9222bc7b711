import type { Request } from 'express';
import { InvalidRequestError } from '../../../errors/index.js';
import type { RunToLog } from '../../../runs/index.js';

/**
 * The `Idempotency-Key` of a request; undefined if it has none.
 * @throws InvalidRequestError if it is not 1 to 255 visible characters of ASCII
 */
export function readIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = header.trim();
  if (!/^[!-~]{1,255}$/.test(key)) {
    throw new InvalidRequestError(
      'The header Idempotency-Key must have 1 to 255 visible ASCII characters, no spaces.',
      {
        code: 'invalid_idempotency_key',
      },
    );
  }
  return key;
}

/**
 * Identifies repeated requests for a logged run; undefined if the client sends no key.
 * @param door by its name: the same body means something else at another door
 * @param body as parsed
 * @throws InvalidRequestError for an invalid key
 */
export function readIdentity(request: Request, door: string, body: unknown): RunToLog['identity'] {
  const key = readIdempotencyKey(request.get('idempotency-key'));
  return key === undefined ? undefined : { key, body: { door, body } };
}
