/** Most errors that are followed to their cause. */
const MOST_CAUSES = 5;

/** Reads the code of an error of the system, such as `ENOENT`; `unknown` if it has none. */
export function readErrorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
}

/**
 * Finds the code, such as `ECONNREFUSED`, of an error or its causes: `fetch` itself says only that it failed, and messages
 * can hold parts of addresses.
 */
export function findErrorCode(thrown: unknown): string | undefined {
  let error = thrown;
  for (let depth = 0; depth < MOST_CAUSES && typeof error === 'object' && error !== null; depth++) {
    if ('code' in error && typeof error.code === 'string') return error.code;
    error = 'cause' in error ? error.cause : undefined;
  }
  return undefined;
}
