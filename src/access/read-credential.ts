import type { IncomingHttpHeaders } from 'node:http';

/** What OpenAI's clients send, and what clients of Azure send. */
const KEY_HEADERS = ['api-key', 'x-api-key'] as const;

/**
 * The key or token that a request carries: `Authorization: Bearer …`, or else `api-key` or `x-api-key`. Undefined if it
 * carries none; a scheme other than Bearer is none.
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
