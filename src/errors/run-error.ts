import type { ErrorType, MillraceError } from './millrace-error.js';

/** An error as a run's events tell it: what a client may know. What is for operators alone stands in the log. */
export interface RunError {
  /** HTTP status of an answer that consists of this error alone. */
  readonly status: number;
  readonly code: string | null;
  readonly type: ErrorType;
  readonly message: string;
  readonly param: string | null;
  /** How long the client should wait before it tries again, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** The part of an error that a run's events tell. */
export function toRunError({ status, code, type, message, param, retryAfterMs }: MillraceError): RunError {
  return { status, code, type, message, param, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}
