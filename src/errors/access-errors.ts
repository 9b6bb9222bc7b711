import { InvalidRequestError, ModelNotFoundError } from './client-errors.js';
import { type ErrorDetails, type ErrorType, MillraceError } from './millrace-error.js';

/** The caller is unknown. Status 401 with OpenAI's code, for which SDKs throw an AuthenticationError. */
export class UnauthorizedError extends InvalidRequestError {
  override readonly status = 401;

  /** @param isRefused true if a key or token was sent but is not valid */
  constructor(
    message: string,
    readonly isRefused: boolean,
  ) {
    super(message, { code: 'invalid_api_key' });
  }
}

const TICKET_FAULTS = {
  ticket_expired:
    'This ticket has expired. Ask for another one, and open the stream again from the last event that you have.',
  invalid_ticket:
    'This ticket is not valid for the events of this run. Ask for one with the API key that began the run.',
} as const;

/** The ticket in the address of a stream is not valid for it, or has expired. Status 401. */
export class TicketError extends InvalidRequestError {
  override readonly status = 401;

  constructor(code: keyof typeof TICKET_FAULTS) {
    super(TICKET_FAULTS[code], { code });
  }
}

/**
 * The caller is known but may not use this workflow. The client gets the same response as if the workflow did not
 * exist; the access log and metrics say `forbidden`.
 */
export class ForbiddenError extends ModelNotFoundError {}

/** What a limit counts. */
export type LimitedBy = 'requests' | 'tokens';

/** A limit of requests or tokens of this server is reached, not one of a model provider. Status 429. */
export class RateLimitedError extends MillraceError {
  override readonly status = 429;
  override readonly type: ErrorType;

  constructor(message: string, type: LimitedBy, retryAfterMs: number) {
    super(message, { code: 'rate_limit_exceeded', retryAfterMs });
    this.type = type;
  }
}

/** Another replica is working on the same request. Status 409, after which SDKs try again in `retryAfterMs`. */
export class RequestInProgressError extends MillraceError {
  override readonly status = 409;
  override readonly type: ErrorType = 'invalid_request_error';

  constructor(details: ErrorDetails) {
    super('A request with this Idempotency-Key is still being answered. Send it again in a moment.', {
      code: 'idempotent_request_in_progress',
      ...details,
    });
  }
}

/** The key was already used for another request. Status 409. */
export class IdempotencyKeyReusedError extends MillraceError {
  override readonly status = 409;
  override readonly retryable = false;
  override readonly type: ErrorType = 'invalid_request_error';

  constructor() {
    super('This Idempotency-Key was sent with another request body before. Use a new key for each new request.', {
      code: 'idempotency_key_reused',
    });
  }
}

/** A web page of an origin that is not allowed sent the request. Status 403. */
export class RefusedOriginError extends InvalidRequestError {
  override readonly status = 403;

  constructor() {
    super('Web pages of this origin may not ask this server. Its operator can allow the origin by CORS_ORIGINS.', {
      code: 'origin_not_allowed',
    });
  }
}
