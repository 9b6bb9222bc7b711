import { describeError } from '../kernel/index.js';

/** JavaScript's messages that quote nothing but names in the program. */
const NAMES_ONLY = /^Cannot (read|set) properties of (undefined|null)\b|is not a (function|constructor)$/;

/**
 * Formats the stack of whatever was thrown for the log. Never throws. Logs must not hold what clients or models said, but
 * JavaScript's own messages can quote a value (`"My secret…" is not valid JSON`). Such a message is left out, and the stack still
 * shows where the error happened. Messages of the program's own errors stay.
 */
export function formatStackForLog(thrown: unknown): string {
  const { name, message, stack } = describeError(thrown);
  if (!isJavaScriptError(thrown) || NAMES_ONLY.test(message)) return stack;
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return [`${name} (its message is left out: it may quote what a client or a model said)`, ...frames].join('\n');
}

function isJavaScriptError(thrown: unknown): boolean {
  try {
    return thrown instanceof SyntaxError || thrown instanceof TypeError;
  } catch {
    return false;
  }
}
