export {
  ForbiddenError,
  IdempotencyKeyReusedError,
  type LimitedBy,
  RateLimitedError,
  RefusedOriginError,
  RequestInProgressError,
  TicketError,
  UnauthorizedError,
} from './access-errors.js';
export {
  ConflictError,
  GoneError,
  InvalidRequestError,
  MethodNotAllowedError,
  ModelNotFoundError,
  NotFoundError,
  PayloadTooLargeError,
  RefusedByHostError,
  RequestTimeoutError,
  UnknownRouteError,
  UnsupportedMediaTypeError,
} from './client-errors.js';
export { formatStackForLog } from './format-stack-for-log.js';
export { type ErrorType, MillraceError } from './millrace-error.js';
export { readOutcome, readStatusOutcome } from './outcome.js';
export type { Outcome } from './outcomes.js';
export { ReplayedError } from './replayed-error.js';
export { type RunError, toRunError } from './run-error.js';
export { type AbortCause, RunAbortedError } from './run-aborted-error.js';
export {
  InternalError,
  InterruptedRepeatedlyError,
  OverloadedError,
  RunLeftError,
  RunOutputTooLargeError,
  StepOutputTooLargeError,
  UpstreamError,
  InterruptedStepError,
  WaitExpiredError,
  WorkflowChangedError,
} from './server-errors.js';
export { ConfigurationError, DefinitionError, type DefinitionFault, StartUpError } from './start-up-errors.js';
export { toMillraceError } from './to-millrace-error.js';
