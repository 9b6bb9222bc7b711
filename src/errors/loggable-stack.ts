import { describeError } from '../kernel/index.js';

/** Messages that the engine makes of the program's own names. */
const OF_NAMES = /^Cannot (read|set) properties of (undefined|null)\b|is not a (function|constructor)$/;

/**
 * The stack of whatever was thrown, for the log; never throws. Logs hold nothing of what clients and models say, but
 * JavaScript's own messages can quote the values at hand (`"My secret…" is not valid JSON`): such a message is left out, and
 * the place of the error tells what it was. The words of the program's own errors stay.
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
