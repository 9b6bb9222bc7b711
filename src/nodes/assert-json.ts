/** No parameter of a model is nested this deeply, but a value that contains itself is. */
const MAX_DEPTH = 100;

/**
 * Checks that JSON can hold a value as it is. `JSON.stringify` would write `NaN` and `Infinity` as null and leave functions
 * out silently.
 * @param path names the value in the error: `settings`
 * @throws Error that names the value that JSON cannot hold, and its place
 */
export function assertJson(value: unknown, path: string, depth = 0): void {
  if (depth > MAX_DEPTH) throw new Error(`its ${path.slice(0, 100)} … is nested too deeply, or contains itself.`);
  switch (typeof value) {
    case 'number':
      if (!Number.isFinite(value)) throw new Error(`its ${path} is ${value}, which JSON cannot hold.`);
      return;
    case 'bigint':
    case 'function':
    case 'symbol':
      throw new Error(`its ${path} is a ${typeof value}, which JSON cannot hold.`);
    case 'object':
      if (value === null) return;
      for (const [key, part] of Object.entries(value)) {
        assertJson(part, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`, depth + 1);
      }
      return;
    default:
  }
}
