import type { MillraceError, RunError } from '../errors/index.js';
import type { JsonObject } from '../kernel/index.js';
import type { ErrorEnvelope } from './error-envelope.dto.js';

/**
 * Makes the object in which an error reaches a client, as a response of its own or in a stream.
 * @param node the step that failed; undefined if none did, or there is only one
 * @param events node events, as JSON, that were not streamed
 */
export function makeErrorEnvelope(
  { message, type, param, code }: RunError | MillraceError,
  node?: string,
  events: readonly string[] = [],
): ErrorEnvelope {
  const error = { message, type, param, code, ...(node !== undefined && { millrace: { node } }) };
  if (events.length === 0) return { error };
  return { error, millrace: { events: events.map((event) => JSON.parse(event) as JsonObject) } };
}
