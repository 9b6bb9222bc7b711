import { ValidateBy } from 'class-validator';
import { readPairs } from './pair-list.js';

/** They belong to the request as it is sent. */
const OWN = new Set(['content-type', 'content-length', 'host', 'connection', 'transfer-encoding', 'expect', 'upgrade']);

/**
 * Reads header lines as OpenTelemetry writes them: `name=value` pairs with commas between, values percent-encoded.
 * @returns names in lower case, or undefined if the list is malformed
 */
export function parseHeaderList(text: string): Readonly<Record<string, string>> | undefined {
  return readPairs(text, 'headers');
}

/** A list of headers that requests are sent with, as a text. No message shows it: it can hold credentials. */
export function RequestHeaders(): PropertyDecorator {
  return ValidateBy(
    { name: 'requestHeaders', validator: { validate: (value) => typeof value === 'string' && canBeSent(value) } },
    {
      message: `$property must be a list such as name=value,other=value, with values percent-encoded, and none of ${[...OWN].join(', ')} in it`,
    },
  );
}

function canBeSent(text: string): boolean {
  const headers = parseHeaderList(text);
  return headers !== undefined && !Object.keys(headers).some((name) => OWN.has(name));
}
