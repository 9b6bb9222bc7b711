import type { Delta } from '../../streaming/index.js';
import { assertParsable, maxWrittenBytes, MOST_VALUES_OF_WHOLE } from './answer-bounds.js';
import type { AnswerReader } from './answer-reader.js';
import type { UpstreamBody } from './upstream-body.js';
import { answerTooLarge } from './upstream-errors.js';

/**
 * An answer in one JSON object, of a server that was asked not to stream, or does not although it was asked to: it is given to
 * the client all the same, as one batch.
 */
export class WholeAnswer {
  readonly #body: UpstreamBody;
  readonly #reader: AnswerReader;
  readonly #maxAnswerLength: number;
  #isRead = false;

  /** @param limits with the most characters of an answer */
  constructor(body: UpstreamBody, reader: AnswerReader, { maxAnswerLength }: { readonly maxAnswerLength: number }) {
    this.#body = body;
    this.#reader = reader;
    this.#maxAnswerLength = maxAnswerLength;
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
    const limit = maxWrittenBytes(this.#maxAnswerLength);
    for (;;) {
      const bytes = await this.#body.read().catch((error: unknown) => {
        // Silence and broken connections are no fault of an answer that is whole.
        if (isJson(decode(chunks))) return undefined;
        throw error;
      });
      if (bytes === undefined) break;
      length += bytes.byteLength;
      if (length > limit) throw answerTooLarge(this.#maxAnswerLength);
      chunks.push(bytes);
    }
    const batch: Delta[] = [];
    this.#reader.read(decode(chunks), batch, MOST_VALUES_OF_WHOLE);
    this.#reader.wasWhole();
    return batch.length > 0 ? batch : undefined;
  }
}

/** Without a byte order mark, which JSON.parse refuses. */
function decode(chunks: readonly Uint8Array[]): string {
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function isJson(text: string): boolean {
  try {
    assertParsable(text, MOST_VALUES_OF_WHOLE);
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
