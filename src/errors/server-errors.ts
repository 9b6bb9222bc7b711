import { type ErrorDetails, type ErrorType, MillraceError } from './millrace-error.js';

/** A fault of this server's own. The message says nothing about it; `cause` does, for the log. Status 500. */
export class InternalError extends MillraceError {
  override readonly status = 500;
  override readonly type = 'server_error';
  /** Another try does not cure a bug, and would run and pay for the whole workflow again. */
  override readonly retryable = false;

  constructor(cause: unknown) {
    super('The server had an error while processing your request. It has been logged; quote the request id.', {
      code: 'internal_error',
      cause,
    });
  }
}

/**
 * A run said more than this server allows for one run: its steps never end, or the limit is too low. Status 500. What was
 * streamed before stays with the client.
 */
export class RunOutputTooLargeError extends MillraceError {
  override readonly status = 500;
  override readonly type = 'server_error';
  /** Another try would produce, and pay for, the same again. */
  override readonly retryable = false;

  constructor(mostCharacters: number) {
    super('The answer of this workflow is larger than this server allows.', {
      code: 'answer_too_large',
      diagnostic: `more than ${mostCharacters} characters; RUN_ANSWER_LIMIT sets the limit`,
    });
  }
}

/** The server takes no new work now: it is shutting down or full. Status 503; always give it `retryAfterMs`. */
export class OverloadedError extends MillraceError {
  override readonly status = 503;
  override readonly type = 'server_error';
}

/** Statuses with which an upstream's failure reaches the client. */
export type UpstreamStatus = 400 | 408 | 413 | 422 | 429 | 502 | 504;

/**
 * A model provider failed, refused, or answered something that cannot be used. The message names the consequence in our
 * own words, because an upstream's can quote keys and addresses.
 */
export class UpstreamError extends MillraceError {
  override readonly status: UpstreamStatus;
  override readonly type: ErrorType;
  override readonly retryable: boolean;

  constructor(
    message: string,
    details: ErrorDetails & {
      readonly status?: UpstreamStatus;
      readonly type?: ErrorType;
      readonly retryable?: boolean;
    } = {},
  ) {
    super(message, { ...details, code: details.code === undefined ? 'upstream_error' : details.code });
    this.status = details.status ?? 502;
    this.type = details.type ?? 'server_error';
    this.retryable = details.retryable ?? true;
  }
}
