import type { ServerResponse } from 'node:http';

/** The end of a chunked body. */
const LAST_CHUNK = '0\r\n\r\n';

/**
 * Frames the body of one response in chunks (RFC 9112, section 7.1), each as one string. Node would write the length, the text
 * and the line ends of a chunk one by one, and the socket would join them again (`npm run bench:micro -- framing`).
 */
export class ChunkedBody {
  readonly #response: ServerResponse;
  /** False for clients that speak HTTP/1.0. */
  readonly #isChunked: boolean;

  /** Takes over the framing from Node, which has already written the head. */
  constructor(response: ServerResponse) {
    this.#response = response;
    this.#isChunked = response.chunkedEncoding;
    response.chunkedEncoding = false;
  }

  /** @returns false if the client is behind */
  write(text: string): boolean {
    return this.#response.write(this.#frame(text));
  }

  /** @param text the last one; may be empty */
  end(text: string): void {
    this.#response.end(this.#isChunked ? this.#frame(text) + LAST_CHUNK : text);
  }

  /** An empty chunk would end the body. */
  #frame(text: string): string {
    if (!this.#isChunked || text === '') return text;
    return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
  }
}
