import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { type Clock, ensureError, findErrorCode } from '../../kernel/index.js';
import { ExportError } from '../recording/finished-trace.js';
import { readRetryAfter } from '../recording/retry-after.js';

/** One POST of spans. */
interface SpansPost {
  readonly tracesUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Encoding of the body. */
  readonly encoding: 'protobuf' | 'json';
  readonly body: Uint8Array;
}

const MEDIA_TYPES = { protobuf: 'application/x-protobuf', json: 'application/json' };

/** Longest response that is read, in bytes; it only says how many spans were rejected. */
const LONGEST_RESPONSE = 64 * 1024;

/** Temporary statuses below 500. */
const RETRYABLE: ReadonlySet<number> = new Set([408, 425, 429]);

/** Permanent statuses from 500 on: the server will never support the request. */
const PERMANENT: ReadonlySet<number> = new Set([501, 505]);

/**
 * Sends spans.
 * @returns how many spans the backend rejected
 * @throws ExportError if they were not accepted; the signal's reason after an abort
 */
export async function postSpans(post: SpansPost, clock: Clock, signal: AbortSignal): Promise<number> {
  const timeout = new AbortController();
  const timer = clock.after(post.timeoutMs, () => timeout.abort());
  try {
    const response = await fetch(post.tracesUrl, {
      method: 'POST',
      headers: { 'user-agent': 'millrace', ...post.headers, 'content-type': MEDIA_TYPES[post.encoding] },
      body: Buffer.from(post.body.buffer, post.body.byteOffset, post.body.byteLength),
      // A redirect would turn the POST into a GET to an unknown address.
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout.signal]),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw makeStatusError(response);
    }
    return await countRejectedSpans(response);
  } catch (thrown) {
    if (thrown instanceof ExportError) throw thrown;
    signal.throwIfAborted();
    if (timeout.signal.aborted) throw new ExportError(`no response within ${post.timeoutMs} ms`, true);
    throw new ExportError(`no connection (${findErrorCode(thrown) ?? ensureError(thrown).name})`, true);
  } finally {
    timer.cancel();
  }
}

function makeStatusError({ status, headers }: Response): ExportError {
  const retryable = RETRYABLE.has(status) || (status >= 500 && !PERMANENT.has(status));
  return new ExportError(`HTTP status ${status}`, retryable, readRetryAfter(headers));
}

/**
 * Reads how many spans were rejected. Langfuse responds with JSON, a collector in the format of the request. An unreadable
 * response does not mean that spans were rejected.
 */
async function countRejectedSpans(response: Response): Promise<number> {
  if (Number(response.headers.get('content-length') ?? 0) > LONGEST_RESPONSE) {
    await response.body?.cancel();
    return 0;
  }
  const serializer = isProtobuf(response) ? ProtobufTraceSerializer : JsonTraceSerializer;
  const bytes = new Uint8Array(await response.arrayBuffer());
  try {
    // A 64-bit number, which is a text in JSON, although the type says otherwise.
    const rejected: unknown = serializer.deserializeResponse(bytes).partialSuccess?.rejectedSpans;
    return Number(rejected ?? 0);
  } catch {
    return 0;
  }
}

function isProtobuf({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('application/x-protobuf') === true;
}
