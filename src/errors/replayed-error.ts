import { type ErrorType, MillraceError } from './millrace-error.js';
import type { Outcome } from './outcomes.js';
import type { RunError } from './run-error.js';

/** The error of a run, read from its log: the run may have failed long ago, or in another process. */
export class ReplayedError extends MillraceError {
  override readonly status: number;
  override readonly type: ErrorType;
  override readonly retryable: boolean;

  /** @param outcome how the run ended */
  constructor(
    private readonly told: RunError,
    readonly outcome: Outcome,
  ) {
    const { message, code, param, status, type, retryAfterMs, retryable } = told;
    super(message, { code, param, ...(retryAfterMs !== undefined && { retryAfterMs }) });
    this.status = status;
    this.type = type;
    this.retryable = retryable !== false;
  }

  /** Makes the same error for a repeated request: trying again would not change it. */
  makeFinalError(): ReplayedError {
    const { retryAfterMs: _retryAfterMs, ...told } = this.told;
    return new ReplayedError({ ...told, retryable: false }, this.outcome);
  }
}
