import { type ErrorType, MillraceError } from './millrace-error.js';

/** The request itself is at fault: sending it again unchanged cannot work. Status 400. */
export class InvalidRequestError extends MillraceError {
  override readonly status: number = 400;
  override readonly type: ErrorType = 'invalid_request_error';
  override readonly retryable = false;
}

/**
 * No workflow that the caller may use has the id or alias that `model` names. Status 404. The message does not show
 * whether the workflow exists, so that clients cannot find workflows that they may not use; OpenAI's message does the
 * same.
 */
export class ModelNotFoundError extends InvalidRequestError {
  override readonly status = 404;

  constructor(model: string) {
    super(
      `The model \`${model.slice(0, 256)}\` does not exist or you do not have access to it. The list of models names those that you may use.`,
      { code: 'model_not_found', param: 'model' },
    );
  }
}

/**
 * Something that the request refers to by an id does not exist, or this caller may not see it: the message is the same
 * for both.
 */
export class NotFoundError extends InvalidRequestError {
  override readonly status = 404;
}

/** The requested object existed, and is gone. Status 410. */
export class GoneError extends InvalidRequestError {
  override readonly status = 410;

  constructor(message: string, code: string) {
    super(message, { code });
  }
}

/** The requested object is in a state that does not allow the request. Status 409. */
export class ConflictError extends InvalidRequestError {
  override readonly status = 409;

  constructor(message: string, code: string) {
    super(message, { code });
  }
}

/** Middleware of the application that Millrace is a module of has refused the request, with a status of its own. */
export class RefusedByHostError extends InvalidRequestError {
  override readonly status: number;

  constructor(status: number, message: string) {
    super(message, { code: 'request_refused' });
    this.status = status;
  }
}

/** No route has this path. Status 404. */
export class UnknownRouteError extends InvalidRequestError {
  override readonly status = 404;

  /** @param advice what the client could ask for instead: a sentence or two */
  constructor(method: string, path: string, advice = 'Check the path.') {
    super(`Unknown request URL: ${method} ${path.slice(0, 256)}. ${advice}`, { code: 'unknown_url' });
  }
}

/** The path exists, but not with this method. Status 405. */
export class MethodNotAllowedError extends InvalidRequestError {
  override readonly status = 405;

  /** @param allow the methods that the path has, for the `Allow` header. */
  constructor(readonly allow: readonly string[]) {
    super(`This URL does not support that method. Use ${allow.join(' or ')}.`, { code: 'method_not_supported' });
  }
}

/** The body is larger than the server accepts. Status 413. */
export class PayloadTooLargeError extends InvalidRequestError {
  override readonly status = 413;

  constructor(limit: string) {
    super(`The request body is larger than the ${limit} that this server accepts.`, { code: 'request_too_large' });
  }
}

/** The body of a request stopped arriving. Status 408; its connection cannot be used again. */
export class RequestTimeoutError extends InvalidRequestError {
  override readonly status = 408;

  constructor(limitMs: number) {
    super(`Nothing more of the request body arrived in ${limitMs / 1_000} s.`, { code: 'request_timeout' });
  }
}

/** The server cannot read the content type, encoding or charset of the body. Status 415. */
export class UnsupportedMediaTypeError extends InvalidRequestError {
  override readonly status = 415;

  constructor(message: string) {
    super(message, { code: 'unsupported_media_type' });
  }
}
