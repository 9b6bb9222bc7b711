import { InvalidRequestError } from '../../../errors/index.js';
import { findPath } from './path-in-json.js';
import type { JsonLimits } from '../../../kernel/index.js';
import type { JsonFault } from './scan-json.js';
import { findNumberEnd } from './tokens.js';

/** U+FEFF in UTF-8. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;
/** Most characters of a number that an error quotes. */
const LONGEST_QUOTE = 40;

/**
 * Parses JSON that {@link scanJson} has accepted. Bytes that are not UTF-8 become U+FFFD.
 * @throws InvalidRequestError if it is not JSON
 */
export function parseJson(bytes: Buffer): unknown {
  const start = BYTE_ORDER_MARK.every((byte, index) => bytes[index] === byte) ? BYTE_ORDER_MARK.length : 0;
  try {
    return JSON.parse(bytes.toString('utf8', start));
  } catch {
    // JavaScript's own message quotes the text.
    throw new InvalidRequestError(
      'We could not parse the JSON body of your request. The API expects a JSON object; check it for syntax errors.',
    );
  }
}

/** Makes the error for a fault that {@link scanJson} has found. */
export function makeJsonError(bytes: Buffer, { kind, at }: JsonFault, limits: JsonLimits): InvalidRequestError {
  const param = findPath(bytes, at);
  const where = param === null ? 'The request' : `\`${param}\``;
  if (kind === 'too many values') {
    return new InvalidRequestError(
      `The request has more than ${limits.values} JSON values, and this server takes no more.`,
      { code: 'too_many_values' },
    );
  }
  if (kind === 'too deep') {
    const [outermost = null] = param?.split(/[.[]/, 1) ?? [];
    const inside = outermost === null ? '' : ` in \`${outermost}\``;
    return new InvalidRequestError(`The request is nested more than ${limits.depth} levels deep${inside}.`, {
      param: outermost,
      code: 'invalid_value',
    });
  }
  const number = bytes.toString('latin1', at, Math.min(findNumberEnd(bytes, at), at + LONGEST_QUOTE));
  return new InvalidRequestError(
    `${where} has the number ${number}, which cannot be kept exactly: beyond 2^53 most integers cannot. Send a smaller one, or a string where the parameter takes one.`,
    { param, code: 'inexact_number' },
  );
}
