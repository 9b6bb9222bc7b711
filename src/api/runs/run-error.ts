import type { ErrorType, RunError } from '../../errors/index.js';

/** An error as runs show it. */
export interface RunErrorObject {
  readonly code: string | null;
  readonly type: ErrorType;
  readonly message: string;
  readonly node?: string;
}

/**
 * Makes the error that clients see.
 * @param node the step that failed
 */
export function makeRunErrorObject({ code, type, message }: RunError, node?: string): RunErrorObject {
  return { code, type, message, ...(node !== undefined && { node }) };
}
