import { MillraceError } from './millrace-error.js';

/** Why a run was ended from outside. */
export type AbortCause = 'client_disconnected' | 'cancelled' | 'deadline' | 'shutdown';

const CONSEQUENCES: Record<AbortCause, { status: number; code: string; message: string }> = {
  // Proxies log 499 for this. No client is left to receive it.
  client_disconnected: {
    status: 499,
    code: 'client_disconnected',
    message: 'The client closed the connection, or the signal of the run was aborted.',
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
    message: 'The server is shutting down and had to end this response. Send the request again.',
  },
};

/** The reason of a run's `AbortSignal`: what ended the run from outside. */
export class RunAbortedError extends MillraceError {
  override readonly status: number;
  override readonly type = 'server_error';
  /** Only after a shutdown: a run that missed its deadline has cost its tokens and would most likely miss it again. */
  override readonly retryable: boolean;

  constructor(readonly abortCause: AbortCause) {
    const { status, code, message } = CONSEQUENCES[abortCause];
    super(message, { code });
    this.status = status;
    this.retryable = abortCause === 'shutdown';
  }
}
