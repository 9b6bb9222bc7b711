/** A response as its bytes say it. */
export interface RawResponse {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Every response in what came over a connection. */
export function readRawResponses(whole: string): readonly RawResponse[] {
  return whole
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .filter((part) => part !== '')
    .map((part) => {
      const [head = '', body = ''] = part.split(/\r\n\r\n([^]*)/);
      return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]), head, body };
    });
}

/** One request as it is written on the wire, with a connection that ends after it. */
export function writeRequest(line: string, headers: readonly string[] = [], body = ''): string {
  return [`${line} HTTP/1.1`, 'host: x', 'connection: close', ...headers, '', body].join('\r\n');
}

/** A completion that is asked for with this body. */
export const writePost = (body: string, ...headers: readonly string[]): string =>
  writeRequest(
    'POST /v1/chat/completions',
    ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`, ...headers],
    body,
  );
