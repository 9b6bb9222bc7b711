/** True unless a value is null or undefined: in JSON, a field that is null often means the same as one that is absent. */
export function isPresent<T>(value: T): value is NonNullable<T> {
  return value !== null && value !== undefined;
}
