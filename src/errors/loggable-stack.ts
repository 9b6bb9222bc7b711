import { describeError } from '../kernel/index.js';

/** Messages that the JavaScript engine makes of the program's own names. */
const OF_NAMES = /^Cannot (read|set) properties of (undefined|null)\b|is not a (function|constructor)$/;

/**
 * The stack of whatever was thrown, for the log. Never throws. Logs hold nothing that clients and models said, but
 * JavaScript's own messages can quote a value (`"My secret…" is not valid JSON`). Such a message is left out; the place of
 * the error shows what it was. Messages of the program's own errors stay.
 */
export function loggableStack(thrown: unknown): string {
  const { name, message, stack } = describeError(thrown);
  if (!isOfEngine(thrown) || OF_NAMES.test(message)) return stack;
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return [`${name} (its message is left out: it may quote what a client or a model said)`, ...frames].join('\n');
}

function isOfEngine(thrown: unknown): boolean {
  try {
    return thrown instanceof SyntaxError || thrown instanceof TypeError;
  } catch {
    return false;
  }
}
