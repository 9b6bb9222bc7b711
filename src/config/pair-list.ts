import { type ValueKind, InvalidValue } from './setting.js';
import { isHeaderValue } from '../kernel/index.js';

/** Headers that only the HTTP client may set. */
const OWN = new Set(['content-type', 'content-length', 'host', 'connection', 'transfer-encoding', 'expect', 'upgrade']);

type Pairs = Readonly<Record<string, string>>;

/**
 * Pairs as OpenTelemetry writes them: `name=value,other=value`, values percent-encoded.
 * @param of for headers, names are turned into lower case, and values must be Latin-1
 */
export function pairs(of: 'headers' | 'attributes'): ValueKind<Pairs> {
  return (given) =>
    readPairs(given, of) ?? new InvalidValue('be a list such as name=value,other=value, with values percent-encoded');
}

/** Headers that requests to a model are sent with, names in lower case. */
export const requestHeaders: ValueKind<Pairs> = (given) => {
  const headers = readPairs(given, 'headers');
  return headers !== undefined && !Object.keys(headers).some((name) => OWN.has(name))
    ? headers
    : new InvalidValue(
        `be a list such as name=value,other=value, with values percent-encoded, and none of ${[...OWN].join(', ')} in it`,
      );
};

/** @returns undefined if the list is malformed */
function readPairs(text: string, kind: 'headers' | 'attributes'): Pairs | undefined {
  const read: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const [, name, encoded] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    const value = encoded === undefined ? undefined : decode(encoded);
    if (name === undefined || value === undefined) return undefined;
    if (kind === 'headers' && !isHeaderValue(value)) return undefined;
    read[kind === 'headers' ? name.toLowerCase() : name] = value;
  }
  return read;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
