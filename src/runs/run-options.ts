import type { OpenWait, ResumedRun, StepCheckpoint } from '../engine/index.js';
import type { MillraceError, Outcome, RunError } from '../errors/index.js';
import type { AbortNotice, JsonObject } from '../kernel/index.js';
import type { Usage } from '../models/index.js';
import type { Gate } from '../streaming/index.js';

/** What is known of the request behind a run, beside its body. All of it came from outside. */
export interface RunOrigin {
  /** The id by which logs and the client know the request. */
  readonly requestId?: string;
  /** True if the response is streamed. */
  readonly streamed?: boolean;
  /** The end user according to a trusted gateway; wins over the body. */
  readonly userId?: string;
  /** The session according to a trusted gateway; wins over the body. */
  readonly gatewaySessionId?: string;
  /** The session according to a header; the body's wins over it. */
  readonly sessionId?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
  /** Id of the trace that an earlier process began for the run. Absent: its trace begins. */
  readonly traceId?: string;
  /** Id of the caller who may inspect the run. Absent: nobody may, and nothing is recorded. */
  readonly inspector?: string;
}

/** Lets a run execute. Its owner is notified when the run ends. */
interface RunAdmission {
  /** True if tokens that upstreams do not report are estimated. */
  readonly estimatesTokens: boolean;
  /**
   * Ends the admission with its run.
   * @param usage undefined if no usage was reported
   * @param unreportedTokens estimate of what was used and not reported
   */
  end(usage?: Usage, unreportedTokens?: number): void;
}

/** The admission of a run that executes without its request, and can wait in the queue. */
export interface QueuedAdmission extends RunAdmission {
  /** What another process needs to admit the run again. */
  readonly kept: JsonObject;
  /** Ends the admission of a run that an equal request had begun before. The request is not counted. */
  cancel(): void;
  /**
   * Begins to execute.
   * @returns false if its caller may not have another active run now
   */
  begin(): boolean;
}

/** What is known of a run at its end. */
export interface RunEnding {
  readonly usage?: Usage;
  readonly unreportedTokens?: number;
  /** The error that it failed with. */
  readonly error?: RunError;
  /** The step that failed, as the run's last event names it. */
  readonly node?: string;
}

/** Collects facts about a request. */
export interface RequestWatch {
  beginRun(runId: string): void;
  endRun(outcome: Outcome, ending: RunEnding): void;
}

/** Options of a run. */
export interface RunOptions {
  /** The run's id, for logs and traces. */
  readonly id: string;
  /** Closed by the reader while it cannot keep up; the run then asks for nothing more. Absent: always open. */
  readonly gate?: Gate | undefined;
  /** Ends the run when it aborts. */
  readonly signal?: AbortNotice;
  /**
   * For this long after the start, in milliseconds, and before the first output, a retry is made only if its pause also
   * ends within this time; otherwise the failure is reported at once. While an HTTP client waits for its status line, a
   * status with `retry-after` serves it better than an error later in the stream. Absent: retries are made within their
   * own limits.
   */
  readonly failFastMs?: number | undefined;
  /** Time limit in milliseconds; absent: that of the configuration. */
  readonly timeoutMs?: number;
  /** The request behind the run, for its trace. */
  readonly origin?: RunOrigin;
  /** Ended with the run. Absent: the run is neither limited nor counted. */
  readonly admission?: RunAdmission;
  /**
   * Stores a finished step, so that it never runs again. Called in the same turn as, and directly before, the event of
   * the step's end: both must be stored together. Absent: the run ends with its process.
   */
  readonly keepStep?: ((checkpoint: StepCheckpoint) => void) | undefined;
  /** Resolves once all events so far are stored. Absent: none are. */
  readonly settle?: (() => Promise<void>) | undefined;
  /** The history of a run whose earlier process has ended. Absent: the run begins. */
  readonly resumed?: ResumedRun | undefined;
  /**
   * Answers what the run waits for at once, or resolves to undefined: then it waits. The answer is checked as any
   * other. Absent: the run ends with `run-waiting` where it waits.
   */
  readonly answer?: ((wait: OpenWait) => unknown) | undefined;
  /**
   * Called when the run has failed. Returns the earliest time of another attempt, in milliseconds since the Unix epoch;
   * this one then ends with `run-retrying`. Undefined, or absent: it has failed for good.
   */
  readonly retry?: ((error: MillraceError) => number | undefined) | undefined;
  /** Notified of the start and end of the run. Absent if no request waits for it. */
  readonly watch?: RequestWatch;
}
