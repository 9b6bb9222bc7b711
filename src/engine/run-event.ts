import type { MillraceError, Outcome, RunError } from '../errors/index.js';
import type { JsonValue } from '../kernel/index.js';
import type { FinishReason, ModelIdentity, Usage } from '../models/index.js';
import type { Delta } from '../streaming/index.js';
import type { AgentEvent, EventLevel, StepKind } from '../workflow/index.js';

/** Every run event has its position in the run, counted from 0. There are gaps where deltas were merged. */
interface Sequenced {
  readonly seq: number;
}

/**
 * Every event of a step has the step's key. Inside a nested workflow the keys of the enclosing steps come first, as in
 * `Support/AnswerNode`.
 */
interface InStep extends Sequenced {
  readonly node: string;
}

/** The run has begun. `traceId` is absent if the run has no trace. */
interface RunStarted extends Sequenced {
  readonly type: 'run-started';
  readonly traceId?: string;
}

/**
 * The run continues after its process has ended or its attempt has failed. Unfinished steps begin again, and finished
 * steps are not reported again. Only a logged run is resumed.
 */
interface RunResumed extends Sequenced {
  readonly type: 'run-resumed';
  /** The number of this attempt: `attempts` of the run. */
  readonly epoch: number;
}

/**
 * The output of a step from before the run was resumed is void: the step emits all of it again when its turn comes.
 * Follows `run-resumed` directly, once for each such step, in the order in which the steps spoke.
 */
export interface NodeRestarted extends InStep {
  readonly type: 'node-restarted';
  /** Numbers in the log: all deltas of the step between the two, inclusive, are void. */
  readonly from: number;
  readonly to: number;
}

/** A step has begun. */
interface NodeStarted extends InStep {
  readonly type: 'node-started';
  readonly kind: StepKind;
  /** True if the client sees what it yields. */
  readonly visible: boolean;
}

/** A node reports its progress in its author's words. */
interface NodeProgress extends InStep {
  readonly type: 'node-progress';
  readonly message: string;
  /** Absent unless a reader of the run wants content. */
  readonly data?: JsonValue;
}

/** A route has chosen its branch. */
interface RouteTaken extends InStep {
  readonly type: 'route-taken';
  readonly branch: string;
}

/** A model has named itself. Comes before the first delta of its output. */
interface ModelIdentified extends InStep {
  readonly type: 'model-identified';
  readonly identity: ModelIdentity;
}

/** A visible node has something new for the client. */
export interface DeltaEvent extends InStep {
  readonly type: 'delta';
  readonly delta: Delta;
  /** The node's own debounce time for text, in milliseconds; absent: the server's. */
  readonly debounceMs?: number;
}

/** A step has finished. */
export interface NodeFinished extends InStep {
  readonly type: 'node-finished';
  /** True if the client saw what it yielded. */
  readonly visible: boolean;
  /** Milliseconds. */
  readonly elapsedMs: number;
  /** Absent unless a reader of the run wants content. */
  readonly output?: JsonValue;
  /** Tokens of this node's model calls; absent if no upstream reported any. */
  readonly usage?: Usage;
  /** The worst finish reason of the node's agents; absent for steps without agents. */
  readonly finishReason?: FinishReason;
}

/**
 * A step has failed, or was aborted because the run fails for another reason. The run fails with it, unless the step
 * has a substitute output: then `recovered` is true.
 */
export interface NodeFailed extends InStep {
  readonly type: 'node-failed';
  /** Milliseconds. */
  readonly elapsedMs: number;
  /** Why it failed. For an aborted step: why the run failed. */
  readonly error: RunError;
  readonly recovered: boolean;
  readonly aborted: boolean;
}

/** An open wait for an answer. */
export interface OpenWait {
  /** Its name for clients. */
  readonly name: string;
  /** Key of its step, preceded by those of the enclosing steps. */
  readonly node: string;
  /** The call id by which clients of a protocol with function calls answer it. It cannot be guessed. */
  readonly callId: string;
  readonly shown: JsonValue;
  /** JSON Schema of the answer. */
  readonly schema: JsonValue;
  /** Milliseconds since the Unix epoch. */
  readonly askedAt: number;
  /** Milliseconds since the Unix epoch; null: never. */
  readonly expiresAt: number | null;
}

/**
 * All steps that could run have ended, and the others need answers. The last event of this attempt: the run continues
 * when all waits are answered or have expired.
 */
export interface RunWaiting extends Sequenced {
  readonly type: 'run-waiting';
  /** In the order of the steps. */
  readonly waits: readonly OpenWait[];
  /** Length of the content so far, in Unicode code points. */
  readonly contentLength: number;
  /** Usage so far, as in {@link RunFinished}. */
  readonly usage?: Usage;
  /** As in {@link RunFinished}. */
  readonly isUsageIncomplete?: true;
  /** As in {@link RunFinished}. */
  readonly unreportedTokens?: number;
}

/** A wait is over: it was answered, or it has expired and has a value for that case. */
interface RunContinued extends Sequenced {
  readonly type: 'run-continued';
  readonly name: string;
}

/** Usage that is in no sum of a finished step. */
export interface LostUsage {
  readonly usage?: Usage;
  readonly unreportedTokens?: number;
}

/** The run has failed and will be tried again. The last event of this attempt: the run is resumed at its time. */
export interface RunRetrying extends Sequenced {
  readonly type: 'run-retrying';
  readonly error: RunError;
  /** As in {@link RunFailed}. */
  readonly node?: string;
  /** Earliest time of the next attempt, in milliseconds since the Unix epoch. */
  readonly retryAt: number;
  /** Usage so far, as in {@link RunFinished}. */
  readonly usage?: Usage;
  /** As in {@link RunFinished}. */
  readonly isUsageIncomplete?: true;
  /** As in {@link RunFinished}. */
  readonly unreportedTokens?: number;
  /** Usage of the steps of this attempt that will run again. */
  readonly lost: LostUsage;
}

/** The last event of a run that finished. */
export interface RunFinished extends Sequenced {
  readonly type: 'run-finished';
  readonly finishReason: FinishReason;
  /** The workflow's result. Absent if the run ended early, or if no reader of the run wants content. */
  readonly result?: JsonValue;
  /** Sum over the model calls of the run whose upstreams reported usage; absent if none did. */
  readonly usage?: Usage;
  /**
   * True if more may have been used: the usage of steps that were interrupted by the end of their process is unknown.
   * Absent: false.
   */
  readonly isUsageIncomplete?: true;
  /**
   * Estimate of the tokens that no upstream reported; absent if there are none or no estimate was requested. Clients
   * never see it.
   */
  readonly unreportedTokens?: number;
}

/** The last event of a run that failed. */
export interface RunFailed extends Sequenced {
  readonly type: 'run-failed';
  readonly error: RunError;
  /** The outcome, as the log and the metrics name it. */
  readonly outcome: Outcome;
  /** The step that failed, if the workflow has several; absent if the run was ended from outside. */
  readonly node?: string;
  readonly usage?: Usage;
  /** As in {@link RunFinished}. */
  readonly isUsageIncomplete?: true;
  /** As in {@link RunFinished}. */
  readonly unreportedTokens?: number;
}

/**
 * One thing that happened in a run, as plain JSON. The order of a run's events:
 * - The first one is `run-started`; in a process that continues the run `run-resumed`, or `run-continued` if it had
 *   waited.
 * - Exactly one of `run-finished`, `run-failed`, `run-waiting` and `run-retrying` comes last. The Observable of the
 *   events then completes; it never errors.
 * - Each `node-started` is followed by exactly one of `node-finished` and `node-failed` of the same step, unless a
 *   `run-resumed` comes first. For a nested workflow that waits, it comes in a later attempt.
 * - Deltas come in the order in which the workflow declares its steps, all other events when they happen.
 */
export type RunEvent =
  | RunStarted
  | RunResumed
  | NodeRestarted
  | NodeStarted
  | NodeProgress
  | RouteTaken
  | ModelIdentified
  | DeltaEvent
  | NodeFinished
  | NodeFailed
  | RunWaiting
  | RunContinued
  | RunRetrying
  | RunFinished
  | RunFailed;

/** A run event without its number. */
export type UnnumberedEvent<E = RunEvent> = E extends RunEvent ? Omit<E, 'seq'> : never;

/**
 * The end of a run for code in this process: the result as it is, or the error with details that no event holds.
 * Clients never see it.
 */
export interface RunEnd {
  /** Undefined if the run failed or ended early. */
  readonly result?: unknown;
  /** Undefined if the run did not fail. */
  readonly error?: MillraceError;
}

/** An event that agents, tools and authors emit while a step runs. */
export type StepEvent = AgentEvent & { readonly node: string };

/** A step has its input and begins its work. Emitted only if observers want content. */
interface StepEntered {
  readonly type: 'step-entered';
  readonly node: string;
  /** The step's own key. */
  readonly name: string;
  /** The nested workflow that holds the step; absent: the run's own workflow. */
  readonly within?: string;
  /** Id of the nested workflow that this step is; absent for a node. */
  readonly workflow?: string;
}

/** A step has ended its work. Follows `step-entered` of the same step. */
interface StepLeft {
  readonly type: 'step-left';
  readonly node: string;
  readonly level?: EventLevel;
  /** For operators. */
  readonly statusMessage?: string;
}

/** All steps of the run have ended. Comes before the last event, and only if an observer wants the whole output. */
interface RunLeft {
  readonly type: 'run-left';
  readonly finishReason?: FinishReason;
  readonly level?: EventLevel;
  /** For operators. */
  readonly statusMessage?: string;
}

/** Events for observers alone. The run's reader does not get them: it would pay for events that it cannot use. */
export type ObserverEvent = StepEvent | StepEntered | StepLeft | RunLeft;

/** Values from authors' code, passed by reference: observers in this process must read them at once. */
export interface ObserverContent {
  readonly input?: unknown;
  readonly output?: unknown;
}
