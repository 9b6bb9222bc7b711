import { MillraceError } from './millrace-error.js';
import { InternalError } from './server-errors.js';

/**
 * Gives anything thrown its consequence: what is not one of ours, or cannot be read, is a bug, and its words stay inside.
 * Never throws.
 */
export function toMillraceError(thrown: unknown): MillraceError {
  return isSoundMillraceError(thrown) ? thrown : new InternalError(thrown);
}

/** What is told to clients must be there: code may have changed an error of ours, or wrapped it. */
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
