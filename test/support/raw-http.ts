/** A response parsed from raw bytes. */
export interface RawResponse {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Parses all responses in the bytes of a connection. */
export function readRawResponses(whole: string): readonly RawResponse[] {
  return whole
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .filter((part) => part !== '')
    .map((part) => {
      const [head = '', body = ''] = part.split(/\r\n\r\n([^]*)/);
      return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]), head, body };
    });
}

/** The text of one request on the wire, after which the connection ends. */
export function writeRequest(line: string, headers: readonly string[] = [], body = ''): string {
  return [`${line} HTTP/1.1`, 'host: x', 'connection: close', ...headers, '', body].join('\r\n');
}

/** The text of a request for a completion with this body. */
export const writePost = (body: string, ...headers: readonly string[]): string =>
  writeRequest(
    'POST /v1/chat/completions',
    ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`, ...headers],
    body,
  );
