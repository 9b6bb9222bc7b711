import { MillraceError } from './millrace-error.js';
import { InternalError } from './server-errors.js';

/**
 * Makes a MillraceError of anything thrown. Anything but a readable MillraceError is a bug: it becomes an InternalError, and its
 * message is not shown to clients. Never throws.
 */
export function toMillraceError(thrown: unknown): MillraceError {
  return isSoundMillraceError(thrown) ? thrown : new InternalError(thrown);
}

/** True if all parts that clients get can be read: other code may have changed or wrapped the error. */
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
