import { InvalidRequestError } from '../../../errors/index.js';

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
