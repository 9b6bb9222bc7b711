import type { MillraceError } from '../errors/index.js';
import type { ErrorEnvelope } from './response/index.js';

/** The form in which an error reaches a client, as an answer of its own or inside a stream. */
export function errorEnvelope({ message, type, param, code }: MillraceError): ErrorEnvelope {
  return { error: { message, type, param, code } };
}
