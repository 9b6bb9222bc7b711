import { type ErrorDetails, type ErrorType, MillraceError } from './millrace-error.js';

/** A bug in this server. Status 500. The message says nothing about it; `cause` does, for the log. */
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
 * The output of a run is larger than this server allows: a step never ends, or the limit is too low. Status 500. The client keeps
 * what was streamed before.
 */
export class RunOutputTooLargeError extends MillraceError {
  override readonly status = 500;
  override readonly type = 'server_error';
  /** Another try would produce, and pay for, the same again. */
  override readonly retryable = false;

  constructor(mostCharacters: number) {
    super('The output of this workflow is larger than this server allows.', {
      code: 'answer_too_large',
      diagnostic: `more than ${mostCharacters} characters; RUN_ANSWER_LIMIT sets the limit`,
    });
  }
}

/**
 * The output of a step is larger than what is kept of one: only in runs that are logged, whose outputs must survive a restart. Status
 * 500.
 */
export class StepOutputTooLargeError extends MillraceError {
  override readonly status = 500;
  override readonly type = 'server_error';
  /** Another try would produce, and pay for, the same again. */
  override readonly retryable = false;

  /** @param step key of the step */
  constructor(step: string, mostBytes: number) {
    super('The output of a step of this workflow is too large to be kept.', {
      code: 'output_too_large',
      diagnostic:
        `the step "${step}" gave more than ${mostBytes} bytes as JSON, and a logged run keeps each output: ` +
        'return less, such as the address of what it made',
    });
  }
}

/** A wait of a run was not answered in time, and its workflow has no value for that case. Status 500. */
export class WaitExpiredError extends MillraceError {
  override readonly status = 500;
  override readonly type = 'server_error';
  /** Another try would wait again. */
  override readonly retryable = false;

  /** @param wait its name */
  constructor(wait: string) {
    super(`Nobody has answered "${wait}" in time.`, { code: 'wait_expired' });
  }
}

/** The processes of a run have died again and again: the run itself may be the cause. Status 500. */
export class InterruptedRepeatedlyError extends MillraceError {
  override readonly status = 500;
  override readonly type = 'server_error';
  override readonly retryable = false;

  constructor(deaths: number) {
    super(`The server stopped ${deaths} times in a row while this ran, so it is not started again.`, {
      code: 'interrupted_repeatedly',
    });
  }
}

/** A step that must not be repeated was active when its process ended. Status 500. */
export class InterruptedStepError extends MillraceError {
  override readonly status = 500;
  override readonly type = 'server_error';
  override readonly retryable = false;

  /** @param step its key in the run */
  constructor(step: string) {
    super(
      'The server stopped during a step that must not run twice, so this run is not started again. Check whether the step took effect before you send the request again.',
      { code: 'interrupted', diagnostic: `the step "${step}" was active, and has { onInterruption: 'fail' }` },
    );
  }
}

/** The workflow of a run has changed or is gone, so that another process cannot continue the run. Status 500. */
export class WorkflowChangedError extends MillraceError {
  override readonly status = 500;
  override readonly type = 'server_error';

  constructor(workflow: string) {
    super(
      `The server was restarted while this ran, and the workflow "${workflow}" has changed or is gone since. Send the request again.`,
      { code: 'workflow_changed' },
    );
  }
}

/** The server takes no new work: it is shutting down or full. Status 503. Always give it `retryAfterMs`. */
export class OverloadedError extends MillraceError {
  override readonly status = 503;
  override readonly type = 'server_error';
}

/**
 * A request waited for a logged run that its process had to leave: the run continues later or in another process.
 * Status 503. If a repeated request would begin another run, the response asks the client not to retry.
 */
export class RunLeftError extends MillraceError {
  override readonly status = 503;
  override readonly type = 'server_error';
  override readonly retryable: boolean;

  /**
   * @param reason why it was left
   * @param advice how the client finds the result of the run: a sentence
   * @param isRepeatable true if the same request finds the same run
   */
  constructor(
    readonly reason: keyof typeof LEFT,
    advice: string,
    isRepeatable: boolean,
  ) {
    super(`${LEFT[reason].message} ${advice}`, {
      code: LEFT[reason].code,
      ...(isRepeatable && { retryAfterMs: 2_000 }),
    });
    this.retryable = isRepeatable;
  }
}

const LEFT = {
  shutdown: {
    code: 'server_shutting_down',
    message:
      'The server is shutting down and had to leave this run, which continues by itself when the server is back.',
  },
  store_away: {
    code: 'store_unavailable',
    message:
      'The server could not store the output of this run and had to leave it. The run continues by itself in a moment.',
  },
} as const;

/** Statuses with which the failure of an upstream reaches the client. */
type UpstreamStatus = 400 | 408 | 413 | 422 | 429 | 502 | 504;

/**
 * A model provider failed, refused the request, or sent something that cannot be used. The message is in our own words, because an
 * upstream's can quote keys and addresses.
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
