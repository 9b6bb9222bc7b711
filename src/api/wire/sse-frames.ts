import type { MillraceError, RunError } from '../../errors/index.js';
import { makeErrorEnvelope } from '../../http/index.js';

/** Last frame of every stream, whether it finished or failed. */
export const DONE_FRAME = 'data: [DONE]\n\n';

/**
 * Keeps a silent connection alive. A comment, because every OpenAI client skips comments, while it runs JSON.parse on an
 * empty `data:` (measured with eight clients).
 */
export const HEARTBEAT_FRAME = ': keep-alive\n\n';

/**
 * A failure after the stream has begun. Without an event name: some clients hand named events out as chunks, or overlook
 * them (measured).
 */
export function encodeError(error: RunError | MillraceError, node?: string): string {
  return `data: ${JSON.stringify(makeErrorEnvelope(error, node))}\n\n`;
}

/** Headers of every event stream. `no-transform` and `X-Accel-Buffering` keep proxies from compressing and collecting it. */
export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const;
