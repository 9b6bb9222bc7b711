import { MillraceError } from './millrace-error.js';

/** Why a run was ended from outside. */
export type AbortCause = 'client_disconnected' | 'cancelled' | 'deadline' | 'shutdown';

const CONSEQUENCES: Record<AbortCause, { status: number; code: string; message: string }> = {
  // 499 is what proxies log for this; nobody is left to receive it.
  client_disconnected: {
    status: 499,
    code: 'client_disconnected',
    message: 'The client closed the connection, or the signal that the run was given was aborted.',
  },
  cancelled: { status: 409, code: 'cancelled', message: 'The run was cancelled.' },
  deadline: {
    status: 504,
    code: 'run_timeout',
    message: 'The workflow did not finish within the time this server allows for one run.',
  },
  shutdown: {
    status: 503,
    code: 'server_shutting_down',
    message: 'The server is shutting down and had to end this answer. Send the request again.',
  },
};

/** The reason of a run's `AbortSignal`: who or what ended the run. */
export class RunAbortedError extends MillraceError {
  override readonly status: number;
  override readonly type = 'server_error';
  /** A run that missed its deadline has cost its tokens, and would most likely miss it again. */
  override readonly retryable: boolean;

  constructor(readonly abortCause: AbortCause) {
    const { status, code, message } = CONSEQUENCES[abortCause];
    super(message, { code });
    this.status = status;
    this.retryable = abortCause === 'shutdown';
  }
}
