/** Messages that the engine makes of the program's own names. */
const OF_NAMES = /^Cannot (read|set) properties of (undefined|null)\b|is not a (function|constructor)$/;

/**
 * The stack of an error for the log. Logs hold nothing of what clients and models say, but JavaScript's own messages can
 * quote the values at hand (`"My secret…" is not valid JSON`): such a message is left out, and the place of the error tells
 * what it was. The words of the program's own errors stay.
 */
export function loggableStack(error: Error): string {
  const stack = error.stack ?? `${error.name}: ${error.message}`;
  const quotes = error instanceof SyntaxError || error instanceof TypeError;
  if (!quotes || OF_NAMES.test(error.message)) return stack;
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return [`${error.name} (its message is left out: it may quote what a client or a model said)`, ...frames].join('\n');
}
