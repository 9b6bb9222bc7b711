import { MillraceError } from './millrace-error.js';
import { InternalError } from './server-errors.js';

/** Gives anything thrown its consequence: what is not one of ours is a bug, and its words stay inside. */
export function toMillraceError(thrown: unknown): MillraceError {
  return thrown instanceof MillraceError ? thrown : new InternalError(thrown);
}
