import { MillraceError } from './millrace-error.js';
import { InternalError } from './server-errors.js';

/**
 * Makes a MillraceError of anything thrown. What is not one of ours, or cannot be read, is a bug, and its message stays
 * inside. Never throws.
 */
export function toMillraceError(thrown: unknown): MillraceError {
  return isSoundMillraceError(thrown) ? thrown : new InternalError(thrown);
}

/** True if everything that clients are told is there: other code may have changed or wrapped an error of ours. */
function isSoundMillraceError(thrown: unknown): thrown is MillraceError {
  try {
    if (!(thrown instanceof MillraceError)) return false;
    const { name, message, code, param, status } = thrown as Record<keyof MillraceError, unknown>;
    const areTexts = [name, message, code ?? '', param ?? ''].every((text) => typeof text === 'string');
    return areTexts && Number.isInteger(status);
  } catch {
    return false;
  }
}
