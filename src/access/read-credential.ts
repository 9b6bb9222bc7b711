import type { IncomingHttpHeaders } from 'node:http';

/** Headers that hold a key beside `Authorization`: `api-key` is Azure's. */
const KEY_HEADERS = ['api-key', 'x-api-key'] as const;

/**
 * Reads the key or token of a request: `Authorization: Bearer …`, or else `api-key` or `x-api-key`.
 * @returns undefined if there is none; other schemes than Bearer are ignored
 */
export function readCredential(headers: IncomingHttpHeaders): string | undefined {
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '') ?? [];
  if (bearer !== undefined) return bearer;
  for (const name of KEY_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

/** Whether a credential has the form of a token (JWT). */
export function isToken(credential: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(credential);
}
