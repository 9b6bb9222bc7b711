import type { Delta } from '../../streaming/index.js';
import { assertParsable, computeMaxWrittenBytes, MOST_VALUES_OF_WHOLE } from './completion-bounds.js';
import type { CompletionReader } from './completion-reader.js';
import type { UpstreamBody } from './upstream-body.js';
import { makeCompletionTooLargeError } from './upstream-errors.js';

/**
 * Reads a completion in one JSON object, from a server that does not stream, as one batch.
 * @throws UpstreamError if the connection breaks, the upstream is silent, or the data is unreadable
 */
export async function readWholeCompletion(
  body: UpstreamBody,
  reader: CompletionReader,
  maxLength: number,
): Promise<readonly Delta[]> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const limit = computeMaxWrittenBytes(maxLength);
  for (;;) {
    const bytes = await body.read().catch((error: unknown) => {
      // Silence or a broken connection does not matter if the completion is whole.
      if (isJson(decode(chunks))) return undefined;
      throw error;
    });
    if (bytes === undefined) break;
    length += bytes.byteLength;
    if (length > limit) throw makeCompletionTooLargeError(maxLength);
    chunks.push(bytes);
  }
  const batch: Delta[] = [];
  reader.read(decode(chunks), batch, MOST_VALUES_OF_WHOLE);
  reader.noteWhole();
  return batch;
}

/** Decodes without a byte order mark, which JSON.parse refuses. */
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
