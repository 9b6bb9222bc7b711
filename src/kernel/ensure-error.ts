import { cutText } from './cut-text.js';

/** Most bytes of each part of a description. */
const LONGEST = { name: 200, message: 4_096, stack: 16_384 } as const;

const NO_ERROR = 'A value that is no Error was thrown';

/** A description of something that was thrown. All parts are plain strings of bounded length. */
interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  /** The stack as Node writes it; name and message alone where there is none that can be read. */
  readonly stack: string;
}

/** `thrown instanceof Error`; false for a value that throws when it is asked that, such as a revoked proxy. */
export function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error;
  } catch {
    return false;
  }
}

/**
 * Describes whatever was thrown. Never throws: parts that throw when they are read, or are no strings, are left out. Authors
 * of workflows, and libraries of theirs, may throw anything, and replace how Node writes stacks.
 */
export function describeError(thrown: unknown): ErrorDescription {
  if (!isError(thrown)) {
    const message = typeof thrown === 'string' ? cutText(thrown, LONGEST.message) : NO_ERROR;
    return { name: 'Error', message, stack: `Error: ${message}` };
  }
  const name = readText(thrown, 'name') ?? 'Error';
  const message = readText(thrown, 'message') ?? '(its message cannot be read)';
  return { name, message, stack: readText(thrown, 'stack') ?? `${name}: ${message}` };
}

/**
 * Makes an `Error` of whatever was thrown, whose parts can all be read. A value that is not an error becomes the
 * `cause` of a new one; an error with parts that cannot be read is replaced by one that says what can be said. Never
 * throws.
 */
export function ensureError(thrown: unknown): Error {
  if (isError(thrown)) {
    if (isReadable(thrown)) return thrown;
    const { name, message, stack } = describeError(thrown);
    return Object.assign(new Error(message), { name, stack });
  }
  const { message } = describeError(thrown);
  return canBeAsked(thrown) ? new Error(message, { cause: thrown }) : new Error(message);
}

function isReadable(error: Error): boolean {
  try {
    const { name, message, stack, cause } = error as Record<'name' | 'message' | 'stack' | 'cause', unknown>;
    const areTexts = typeof name === 'string' && typeof message === 'string';
    return areTexts && (stack === undefined || typeof stack === 'string') && canBeAsked(cause);
  } catch {
    return false;
  }
}

/** False if even `instanceof` throws. */
function canBeAsked(value: unknown): boolean {
  try {
    return value instanceof Error || true;
  } catch {
    return false;
  }
}

function readText(error: Error, part: keyof ErrorDescription): string | undefined {
  try {
    const text: unknown = error[part];
    return typeof text === 'string' ? cutText(text, LONGEST[part]) : undefined;
  } catch {
    return undefined;
  }
}
