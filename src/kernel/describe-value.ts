const LONGEST = 64;

/**
 * Describes a value in a few words, for messages: strings in quotes, cut, with control characters escaped; numbers and the like as they
 * are; anything else by its kind. Unlike `String(value)` and templates it never throws: an object that a client
 * sent may have a `toString` of its own that is no function.
 */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.slice(0, LONGEST));
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : isArray(value) ? 'an array' : 'an object';
    default:
      return String(value).slice(0, LONGEST);
  }
}

/** What kind of value it is, and nothing of what it holds, for messages about what clients or models may have said. Never throws. */
export function describeKind(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'object':
    case 'function':
      return describeValue(value);
    case 'undefined':
      return 'undefined';
    default:
      return `a ${typeof value}`;
  }
}

/** `Array.isArray` throws for a proxy that was revoked. */
function isArray(value: object): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}
