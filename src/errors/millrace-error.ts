/** `error.type` of OpenAI's error envelope. */
export type ErrorType =
  | 'invalid_request_error'
  | 'rate_limit_error'
  // Limits of this server itself, by what was too much.
  | 'requests'
  | 'tokens'
  | 'insufficient_quota'
  | 'server_error';

/** What errors hold beside their message. */
export interface ErrorDetails {
  /** `error.code` of the envelope: a stable word that clients may branch on, or null. */
  readonly code?: string | null;
  /** `error.param` of the envelope: the request parameter at fault as a path, such as `messages[0].role`, or null. */
  readonly param?: string | null;
  /** How long the client should wait before it tries again, in milliseconds; sent as `retry-after`. */
  readonly retryAfterMs?: number;
  /** For logs and traces only. Never holds keys, and never words of an upstream's response. */
  readonly diagnostic?: string;
  readonly cause?: unknown;
}

/**
 * Base of all errors that have a defined consequence for a client. `message` is for the client and safe to send; what only the
 * operator may see is in `diagnostic` and `cause`.
 */
export abstract class MillraceError extends Error {
  /** HTTP status of a response that consists of this error alone. */
  abstract readonly status: number;
  abstract readonly type: ErrorType;
  readonly code: string | null;
  readonly param: string | null;
  readonly retryAfterMs: number | undefined;
  readonly diagnostic: string | undefined;
  /** False if another try cannot help, or would cost again; sent as `x-should-retry: false`. */
  readonly retryable: boolean = true;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.name = new.target.name;
    this.code = details.code ?? null;
    this.param = details.param ?? null;
    this.retryAfterMs = details.retryAfterMs;
    this.diagnostic = details.diagnostic;
  }
}
