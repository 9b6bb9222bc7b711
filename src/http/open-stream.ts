import type { ServerResponse } from 'node:http';

/**
 * On a response that streams: its stream. A property and not listeners of the response's events, because each open response would
 * keep closures of its own.
 */
export const OPEN_STREAM = Symbol('open stream');

/** What streams to one response. */
export interface OpenStream {
  /** The client may have left: writes something harmless, which shows whether it has. */
  probe(): void;
  /** The client has read what it was behind with. */
  resume(): void;
  /** The connection is closed. */
  close(): void;
}

/** A response that may stream. */
export interface StreamedResponse extends ServerResponse {
  [OPEN_STREAM]?: OpenStream;
}
