import type { ErrorType, MillraceError } from './millrace-error.js';

/** The error in a run's events: what a client may know. What only operators may see goes to the log. */
export interface RunError {
  /** HTTP status of a response that consists of this error alone. */
  readonly status: number;
  readonly code: string | null;
  readonly type: ErrorType;
  readonly message: string;
  readonly param: string | null;
  /** How long the client should wait before it tries again, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Present where another try cannot help or would cost again. */
  readonly retryable?: false;
}

/** Picks the part of an error that goes into a run's events. */
export function toRunError({ status, code, type, message, param, retryAfterMs, retryable }: MillraceError): RunError {
  return {
    status,
    code,
    type,
    message,
    param,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(!retryable && { retryable: false as const }),
  };
}
