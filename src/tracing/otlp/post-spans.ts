import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { Clock } from '../../kernel/index.js';
import { ExportError } from '../recording/finished-trace.js';

/** One POST of spans. */
export interface SpansPost {
  readonly tracesUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** What the body is. */
  readonly encoding: 'protobuf' | 'json';
  readonly body: Uint8Array;
}

const MEDIA_TYPES = { protobuf: 'application/x-protobuf', json: 'application/json' };

/** Longest answer that is read, in bytes; it has nothing to say but how many spans were rejected. */
const LONGEST_ANSWER = 64 * 1024;

/** Statuses that may pass by themselves, beside all of 500 and above. */
const RETRYABLE: ReadonlySet<number> = new Set([408, 425, 429]);

/** Statuses of 500 and above that do not pass: the server will never support the request. */
const PERMANENT: ReadonlySet<number> = new Set([501, 505]);

/**
 * Sends spans.
 * @returns how many of them the backend says it has not taken
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
      // A redirected POST would become a GET to an unknown place.
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout.signal]),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw makeRefusalError(response);
    }
    return await countRejectedSpans(response);
  } catch (thrown) {
    if (thrown instanceof ExportError) throw thrown;
    signal.throwIfAborted();
    if (timeout.signal.aborted) throw new ExportError(`no answer within ${post.timeoutMs} ms`, true);
    throw new ExportError(`no connection (${readErrorCode(thrown)})`, true);
  } finally {
    timer.cancel();
  }
}

function makeRefusalError({ status, headers }: Response): ExportError {
  const retryable = RETRYABLE.has(status) || (status >= 500 && !PERMANENT.has(status));
  return new ExportError(`HTTP status ${status}`, retryable, readRetryAfter(headers));
}

/**
 * Langfuse answers in JSON, a collector in the format of the request. An answer that cannot be read does not mean that
 * spans were rejected.
 */
async function countRejectedSpans(response: Response): Promise<number> {
  if (Number(response.headers.get('content-length') ?? 0) > LONGEST_ANSWER) {
    await response.body?.cancel();
    return 0;
  }
  const serializer = isProtobuf(response) ? ProtobufTraceSerializer : JsonTraceSerializer;
  const answer = new Uint8Array(await response.arrayBuffer());
  try {
    // A 64-bit number, which comes as a text from JSON, whatever the type says.
    const rejected: unknown = serializer.deserializeResponse(answer).partialSuccess?.rejectedSpans;
    return Number(rejected ?? 0);
  } catch {
    return 0;
  }
}

function isProtobuf({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('application/x-protobuf') === true;
}

/** Milliseconds; seconds and dates are understood. */
function readRetryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after') ?? '';
  if (value === '') return undefined;
  if (Number(value) >= 0) return Number(value) * 1_000;
  // A date is read against the server's own clock, which it sends along.
  const wait = Date.parse(value) - Date.parse(headers.get('date') ?? '');
  return wait >= 0 ? wait : undefined;
}

/** The code of the system's error that lies behind a failed fetch; its message could hold parts of the address. */
function readErrorCode(thrown: unknown): string {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
    if ('code' in error && typeof error.code === 'string') return error.code;
  }
  return thrown instanceof Error ? thrown.name : 'unknown';
}
