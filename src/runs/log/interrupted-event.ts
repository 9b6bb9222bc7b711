import type { LoggedEvent } from './logged-event.js';

/** The last event of a run whose process ended before it did. */
export function makeInterruptedEvent(at: number): LoggedEvent {
  return {
    type: 'run-failed',
    seq: 0,
    error: {
      status: 503,
      code: 'run_interrupted',
      type: 'server_error',
      message: 'The process that this ran in ended before it was done. Send the request again.',
      param: null,
    },
    outcome: 'shutdown',
    at,
  };
}
