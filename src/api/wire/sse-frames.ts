import type { MillraceError, RunError } from '../../errors/index.js';
import { makeErrorEnvelope } from '../../http/index.js';

/** The last frame of every stream, whether its run finished or failed. */
export const DONE_FRAME = 'data: [DONE]\n\n';

/**
 * Keeps a silent connection alive. It is a comment because every OpenAI client skips comments, but runs JSON.parse on an empty
 * `data:` (measured with eight clients).
 */
export const HEARTBEAT_FRAME = ': keep-alive\n\n';

/**
 * Encodes a failure after the stream has begun. It has no event name: some clients take named events for chunks, or ignore
 * them (measured).
 */
export function encodeError(error: RunError | MillraceError, node?: string): string {
  return `data: ${JSON.stringify(makeErrorEnvelope(error, node))}\n\n`;
}

/** Headers of every event stream. `no-transform` and `x-accel-buffering` keep proxies from compressing and buffering it. */
export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const;
