import type { UpstreamBody } from './upstream-body.js';
import { makeBadCompletionError } from './upstream-errors.js';

/** The format of a completion's body. */
type CompletionFormat = 'events' | 'json';

/** Most white space before a completion, in bytes. */
const BLANK_LIMIT = 4 * 1024;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const FIELDS = ['data', 'event', 'id', 'retry'];
const LONGEST_FIELD = 5;
/** How nearly all event streams begin: `data:`. */
const USUAL = [0x64, 0x61, 0x74, 0x61, 0x3a];

/**
 * Detects the format of a completion by its beginning, whatever its content type says: servers send event streams as
 * `application/json` and `application/octet-stream`, and JSON as `text/plain` and `text/event-stream`. Consumes nothing.
 * @param readType gives the content type in lower case; empty if there is none
 * @throws UpstreamError if it is neither, such as an HTML page, or cannot be read
 */
export async function detectFormat(body: UpstreamBody, readType: () => string): Promise<CompletionFormat> {
  let start: Uint8Array | undefined;
  for (;;) {
    const bytes = await body.read();
    // An empty body is treated as an event stream, whose reader reports the missing rest.
    if (bytes === undefined) break;
    start = start === undefined ? bytes : Buffer.concat([start, bytes]);
    const format = readFormat(start);
    if (format === undefined) continue;
    const type = format === 'other' ? readType() : '';
    if (format === 'other' && type !== 'text/event-stream') {
      const named = /^[\w.+/-]{1,64}$/.test(type) ? type : 'unknown';
      throw makeBadCompletionError(`it is neither an event stream nor JSON (its content type is ${named})`);
    }
    body.putBack(start);
    return format === 'json' ? 'json' : 'events';
  }
  if (start !== undefined) body.putBack(start);
  return 'events';
}

/** Undefined if more bytes are needed. */
function readFormat(bytes: Uint8Array): CompletionFormat | 'other' | undefined {
  if (USUAL.every((byte, index) => bytes[index] === byte)) return 'events';
  let at = 0;
  while (at < BYTE_ORDER_MARK.length && bytes[at] === BYTE_ORDER_MARK[at]) at++;
  while (isBlank(bytes[at])) at++;
  if (at > BLANK_LIMIT) return 'other';
  if (at === bytes.length) return undefined;
  const begin = String.fromCharCode(...bytes.subarray(at, at + LONGEST_FIELD + 1));
  if (begin.startsWith('{') || begin.startsWith('[')) return 'json';
  const [field = '', ...rest] = begin.split(/[:\r\n]/);
  if (rest.length > 0) return field === '' || FIELDS.includes(field) ? 'events' : 'other';
  return FIELDS.some((name) => name.startsWith(field)) ? undefined : 'other';
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
