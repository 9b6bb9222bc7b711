/** Closes a `switch` over a union: it does not compile while a case is missing, and throws if one slips through. */
export function assertNever(value: never): never {
  throw new TypeError(`Unexpected value ${JSON.stringify(value)}`);
}
