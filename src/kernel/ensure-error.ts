/** Makes an `Error` of whatever was thrown; a value that is none becomes the `cause` of a new one. */
export function ensureError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error(typeof thrown === 'string' ? thrown : 'A value that is no Error was thrown', { cause: thrown });
}
