/** Writes a text as one word of a POSIX shell. @param {string} text */
export function quoteForShell(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Writes a JSON value as a JavaScript expression that may stand anywhere, in a page too. @param {unknown} value */
export function writeJavaScript(value) {
  return JSON.stringify(value, null, 2).replaceAll('<', String.raw`\u003c`);
}

/**
 * Writes a JSON value as a Python expression. A JSON string is a Python string, too.
 * @param {unknown} value
 * @param {string} indent
 * @returns {string}
 */
function writePython(value, indent) {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value !== 'object') return JSON.stringify(value);
  const inner = `${indent}    `;
  const lines = Array.isArray(value)
    ? value.map((item) => writePython(item, inner))
    : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${writePython(item, inner)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return lines.length === 0
    ? `${open}${close}`
    : `${open}\n${lines.map((line) => `${inner}${line},\n`).join('')}${indent}${close}`;
}

/**
 * Writes the arguments of openai-python's `create`.
 * @param {Readonly<Record<string, unknown>>} request
 * @param {ReadonlySet<string>} known names of its own; it takes all others in `extra_body`
 */
export function writePythonArguments(request, known) {
  const own = Object.entries(request).filter(([name]) => known.has(name));
  const others = Object.entries(request).filter(([name]) => !known.has(name));
  /** @type {[string, unknown][]} */
  const given = others.length === 0 ? own : [...own, ['extra_body', Object.fromEntries(others)]];
  return given.map(([name, value]) => `    ${name}=${writePython(value, '    ')},`).join('\n');
}
