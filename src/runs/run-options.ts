import type { OpenWait, ResumedRun, StepCheckpoint } from '../engine/index.js';
import type { MillraceError, Outcome, RunError } from '../errors/index.js';
import type { AbortNotice, JsonObject } from '../kernel/index.js';
import type { Usage } from '../models/index.js';
import type { Gate } from '../streaming/index.js';

/** What is known of the request behind a run, beside its body. All of it came from outside. */
export interface RunOrigin {
  /** The id by which logs and the client know the request. */
  readonly requestId?: string;
  /** True if the answer is streamed. */
  readonly streamed?: boolean;
  /** Who asks, as a trusted gateway says; wins over the body. */
  readonly userId?: string;
  /** The session, as a trusted gateway says; wins over the body. */
  readonly gatewaySessionId?: string;
  /** The session, as a header says; the body's wins over it. */
  readonly sessionId?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
  /** Id of the trace that an earlier process began for the run. Absent: its trace begins. */
  readonly traceId?: string;
  /** Id of the caller who may look inside the run. Absent: nobody may, and nothing is recorded for that. */
  readonly inspector?: string;
}

/** The right to run, which whoever let the run in wants back. */
export interface RunPermit {
  /** True: tokens that upstreams do not tell are estimated. */
  readonly estimatesTokens: boolean;
  /**
   * The run is over.
   * @param usage what it has used; undefined: nothing that anybody counted
   * @param untoldTokens what it has used beyond that, by estimate
   */
  end(usage?: Usage, untoldTokens?: number): void;
}

/** The right to run of a run that may have to wait long for its place. */
export interface QueuedPermit extends RunPermit {
  /** What lets the run in once more, in another process. */
  readonly kept: JsonObject;
  /** It has its place. @returns false if its caller may not have another run at work now */
  begin(): boolean;
}

/** What is known of a run at its end. */
export interface RunEnding {
  readonly usage?: Usage;
  readonly untoldTokens?: number;
  /** What it failed with. */
  readonly error?: RunError;
  /** The step that failed, as the run's last event names it. */
  readonly node?: string;
}

/** Keeps what becomes known of a request. */
export interface RunRecord {
  beginRun(runId: string): void;
  endRun(outcome: Outcome, ending: RunEnding): void;
}

/** What a run is tied to. */
export interface RunOptions {
  /** The run's id, for logs and traces. */
  readonly id: string;
  /** Closed by the reader while it cannot keep up; the run then asks for nothing more. Absent: always open. */
  readonly gate?: Gate | undefined;
  /** Ends the run when it aborts. */
  readonly signal?: AbortNotice;
  /**
   * For how long from its start, in milliseconds, the run's reader would rather hear of a passing failure than wait for another
   * try, as long as nothing was said: while an HTTP client waits for its status line, it can be given a status and
   * `retry-after`, and its SDK tries again by itself; later there is only an error in its stream. So until then a retry is made
   * only if its pause ends in this time. Absent: retries are waited for, within their own limits.
   */
  readonly failFastMs?: number | undefined;
  /** How long it may take, in milliseconds; absent: as long as the configuration says. */
  readonly timeoutMs?: number;
  /** The request behind the run, for its trace. */
  readonly origin?: RunOrigin;
  /** Ended with the run. Absent: nothing limits it, and nobody counts it. */
  readonly permit?: RunPermit;
  /**
   * Keeps a step that has finished, so that it never runs again. Called in the same turn as, and directly before, the event that
   * tells of the step's end: whoever keeps both must keep them together. Absent: the run ends with its process.
   */
  readonly keepStep?: ((checkpoint: StepCheckpoint) => void) | undefined;
  /** Resolves once all that the run has told up to now is kept. Absent: nothing is. */
  readonly settle?: (() => Promise<void>) | undefined;
  /** What is known of the run from before its process ended. Absent: it begins. */
  readonly resumed?: ResumedRun | undefined;
  /**
   * Answers what the run waits for at once, or resolves to undefined: then it waits. The answer is checked as any other. Absent: the run
   * ends with `run-waiting` where it waits.
   */
  readonly answer?: ((wait: OpenWait) => unknown) | undefined;
  /**
   * Asked when the run has failed. Gives when another attempt is to be made at the earliest, in milliseconds since the Unix epoch: then this
   * one ends with `run-retrying`. Undefined, or absent: it has failed for good.
   */
  readonly retry?: ((error: MillraceError) => number | undefined) | undefined;
  /** Told how the run went. Absent: there is no request behind it. */
  readonly record?: RunRecord;
}
