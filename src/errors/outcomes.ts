/**
 * How a request, a run or a model call ended. A fixed list, so that nothing that clients or upstreams send can add
 * series to the metrics.
 */
const OUTCOMES = [
  // Why a model stopped, by OpenAI's names.
  'stop',
  'length',
  'tool_calls',
  'content_filter',
  // Responses without a run, such as lists and pages.
  'ok',
  // Waits for an answer, and continues later.
  'waiting',
  // Has failed, and is tried again later.
  'retrying',
  // Ended from outside.
  'client_abort',
  'cancelled',
  'deadline',
  'shutdown',
  // A model call that ended because something else failed.
  'aborted',
  // The request was at fault.
  'invalid_request',
  'unknown_model',
  'unknown_route',
  'not_found',
  'unauthorized',
  'forbidden',
  'rate_limited',
  // A model provider was at fault.
  'upstream_error',
  'upstream_timeout',
  'upstream_rate_limited',
  'upstream_quota',
  'upstream_rejected',
  // This server was at fault.
  'overloaded',
  'internal_error',
] as const;
/** One of {@link OUTCOMES}. */
export type Outcome = (typeof OUTCOMES)[number];
