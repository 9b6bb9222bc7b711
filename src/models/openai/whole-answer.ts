import type { Delta } from '../../streaming/index.js';
import type { AnswerReader } from './answer-reader.js';
import type { UpstreamBody } from './upstream-body.js';
import { badAnswer } from './upstream-errors.js';

/** Longest answer of a server that does not stream, in bytes. */
const LIMIT = 16 * 1024 * 1024;

/** A server that answers a streaming request with one JSON object: it is given to the client all the same, as one batch. */
export class WholeAnswer {
  readonly #body: UpstreamBody;
  readonly #reader: AnswerReader;
  #isRead = false;

  constructor(body: UpstreamBody, reader: AnswerReader) {
    this.#body = body;
    this.#reader = reader;
  }

  /**
   * All that was answered, then undefined.
   * @throws UpstreamError if the connection breaks, the upstream is silent, or it says what cannot be understood
   */
  async next(): Promise<readonly Delta[] | undefined> {
    if (this.#isRead) return undefined;
    this.#isRead = true;
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (let bytes = await this.#body.read(); bytes !== undefined; bytes = await this.#body.read()) {
      length += bytes.byteLength;
      if (length > LIMIT) throw badAnswer('it is too long');
      chunks.push(bytes);
    }
    const batch: Delta[] = [];
    this.#reader.read(Buffer.concat(chunks).toString('utf8'), batch);
    return batch.length > 0 ? batch : undefined;
  }
}
