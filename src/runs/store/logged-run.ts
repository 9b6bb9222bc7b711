import type { RunError } from '../../errors/index.js';
import type { JsonObject, JsonValue } from '../../kernel/index.js';
import type { FinishReason, Usage } from '../../models/index.js';

/** The status of a logged run. `waiting`: it waits for answers and no process executes it. The last three are final. */
export type LoggedStatus = 'queued' | 'running' | 'waiting' | 'completed' | 'failed' | 'cancelled';

/** How a run has ended. */
type EndedStatus = Exclude<LoggedStatus, 'queued' | 'running' | 'waiting'>;

/**
 * The part of a run that a client sees under an id of its own, such as a completion or a response: the events from one
 * number on.
 */
export interface RunSegment {
  /** Cannot be guessed. */
  readonly id: string;
  /** Number of its first event. */
  readonly from: number;
  /**
   * What its door needs in order to show it to clients, as JSON that the store does not parse; undefined: the same as
   * for the run.
   */
  readonly head: string | undefined;
}

/** Identifies repeated requests. */
export interface RequestIdentity {
  /** The client's key; unique for each owner. */
  readonly key: string;
  /** Hash of the request. */
  readonly hash: string;
}

/** The facts about a run that are known before it begins and never change. */
interface RunFacts {
  /** Cannot be guessed. */
  readonly id: string;
  /** Id of the caller who owns it. For all others it does not exist. */
  readonly owner: string;
  /** Name of the door that shows it to clients. */
  readonly door: string;
  /** Id of its workflow. */
  readonly workflow: string;
  /** The version that the workflow's author gave it; undefined if none. */
  readonly workflowVersion: string | undefined;
  /** The name that the client asked for. */
  readonly model: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /** Earliest start, in milliseconds since the Unix epoch. */
  readonly runAt: number;
  /** From 0 to 9; those with 9 come first. */
  readonly priority: number;
  /** Metadata of the client. */
  readonly metadata: JsonObject;
  /** What its door needs in order to show it to clients, as JSON that the store does not parse. */
  readonly head: string;
  /** What another process needs to admit it again: `QueuedAdmission.kept`. */
  readonly admission: JsonObject;
}

/** A new run with a log. */
export interface NewLoggedRun extends RunFacts {
  /** Its request, as JSON. */
  readonly request: string;
  /** Id of its first segment; undefined: clients know it by its own id. */
  readonly segment?: string | undefined;
  /** Undefined: every request begins a new run. */
  readonly identity?: RequestIdentity | undefined;
}

/** How a run ended, according to its last event. */
export interface LoggedEnding {
  readonly status: EndedStatus;
  /** Milliseconds since the Unix epoch. */
  readonly finishedAt: number;
  readonly finishReason?: FinishReason | undefined;
  readonly usage?: Usage | undefined;
  /** True if more may have been used than was reported. */
  readonly isUsageIncomplete?: true | undefined;
  readonly error?: RunError | undefined;
  /** The step that failed. */
  readonly node?: string | undefined;
  /** Its content; absent if the run has not completed, or if the content is long: then only the log has it. */
  readonly output?: string | undefined;
  /** The result of its workflow; absent if its clients may not see it, or if it is text, which equals the output. */
  readonly result?: JsonValue | undefined;
}

/** A run that has a log. */
export interface LoggedRun extends RunFacts {
  readonly status: LoggedStatus;
  /** Number of claims. Writes with an older number are refused. */
  readonly epoch: number;
  /** Number of attempts. Continuing with answers, or being handed on before anything was done, is no new attempt. */
  readonly attempts: number;
  /** How often it has been queued again. Jobs queued for an earlier number are out of date. */
  readonly wake: number;
  /** When it first began, in milliseconds since the Unix epoch; undefined: it has not. */
  readonly startedAt: number | undefined;
  /** How long it was active in all attempts up to {@link LoggedRun.aliveAt}, in milliseconds. */
  readonly activeMs: number;
  /** When it was last known to be active, in milliseconds since the Unix epoch; undefined: never. */
  readonly aliveAt: number | undefined;
  /** How often in a row it was active when its process died or was suspended, without a finished step in between. */
  readonly deaths: number;
  /** True once its cancellation was requested: it is never tried again. */
  readonly isCancelled: boolean;
  /** Undefined until it has ended. */
  readonly ending: LoggedEnding | undefined;
  /** Number of its events, which is that of the next one. */
  readonly length: number;
  /** False once its log and its request have expired or were removed to make room. */
  readonly hasLog: boolean;
  /** In the order of their first events; empty: clients know it by its own id. */
  readonly segments: readonly RunSegment[];
}

/** The meaning of a known key: the same request, or a different one. */
export type Repetition = { readonly kind: 'exists'; readonly run: LoggedRun } | { readonly kind: 'reused' };

/** The outcome of creating a run: it was created, or its key is already known. */
export type Creation = { readonly kind: 'created' } | Repetition;
