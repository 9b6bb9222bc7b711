/** How many properties of an object the message names. */
const MOST_PROPERTIES = 8;
const WORD = /^[\w-]{1,32}$/;

/**
 * Makes the error for a node that yielded something other than a delta. The message gives the shape of the value and none of
 * its text, which may come from a client or a model. Never throws.
 */
export function makeDeltaError(yielded: unknown, step: string, workflow: string): Error {
  return new Error(
    `The step "${step}" of the workflow "${workflow}" yielded ${describeYielded(yielded)}, which is not a delta: ` +
      `yield { type: 'content', text: '…' } or another Delta, or an array of them`,
  );
}

function describeYielded(yielded: unknown): string {
  if (typeof yielded === 'string') return `a string of ${yielded.length} characters`;
  if (typeof yielded !== 'object' || yielded === null)
    return yielded === null ? 'null' : `a value of type ${typeof yielded}`;
  try {
    if (Array.isArray(yielded)) return `an array of ${yielded.length} inside an array`;
    const names = Object.keys(yielded);
    const shown = names.slice(0, MOST_PROPERTIES).map((name) => describeProperty(yielded, name));
    return `{ ${[...shown, ...(names.length > shown.length ? ['…'] : [])].join(', ')} }`;
  } catch {
    return 'an object that cannot be read';
  }
}

/** Quotes the value of `type` alone: it is the author's own word, and the one most likely to be misspelt. */
function describeProperty(holder: object, name: string): string {
  const value: unknown = (holder as Record<string, unknown>)[name];
  const word = name === 'type' && typeof value === 'string' && WORD.test(value) ? `'${value}'` : undefined;
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return `${WORD.test(name) ? name : '?'}: ${word ?? kind}`;
}
