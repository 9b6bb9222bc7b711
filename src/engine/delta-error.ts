/** How many of an object's properties are named. */
const MOST_PROPERTIES = 8;
const WORD = /^[\w-]{1,32}$/;

/**
 * What to log of a node that yielded something that is no delta. It tells the shape of what came and none of its text, which
 * may be a client's or a model's. Never throws.
 */
export function makeDeltaError(yielded: unknown, step: string, workflow: string): Error {
  return new Error(
    `The step "${step}" of the workflow "${workflow}" yielded ${describeYielded(yielded)}, which is no delta: ` +
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

/** The type of a delta is the author's own word, and the likeliest to be misspelt. */
function describeProperty(holder: object, name: string): string {
  const value: unknown = (holder as Record<string, unknown>)[name];
  const word = name === 'type' && typeof value === 'string' && WORD.test(value) ? `'${value}'` : undefined;
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return `${WORD.test(name) ? name : '?'}: ${word ?? kind}`;
}
