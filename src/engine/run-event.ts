import type { MillraceError, Outcome, RunError } from '../errors/index.js';
import type { JsonValue } from '../kernel/index.js';
import type { FinishReason, ModelIdentity, Usage } from '../models/index.js';
import type { Delta } from '../streaming/index.js';
import type { AgentEvent, EventLevel, StepKind } from '../workflow/index.js';

/** What every run event has: its place in the run, counted from 0 (gaps are possible where deltas were merged). */
interface Sequenced {
  readonly seq: number;
}

/**
 * What the events of one step have: its key; inside a nested workflow after the keys of the steps around it, as in
 * `Support/AnswerNode`.
 */
interface OfNode extends Sequenced {
  readonly node: string;
}

/** The run has begun. `traceId` is absent when nothing is traced. */
export interface RunStarted extends Sequenced {
  readonly type: 'run-started';
  readonly traceId?: string;
}

/** A step has begun. */
export interface NodeStarted extends OfNode {
  readonly type: 'node-started';
  readonly kind: StepKind;
  /** True if the client sees what it yields. */
  readonly visible: boolean;
}

/** A node tells how far it is, in its author's words. */
export interface NodeProgress extends OfNode {
  readonly type: 'node-progress';
  readonly message: string;
  /** Absent unless the run's readers want content. */
  readonly data?: JsonValue;
}

/** A route has chosen its branch. */
export interface RouteTaken extends OfNode {
  readonly type: 'route-taken';
  readonly branch: string;
}

/** A model has said who it is. Comes before the first delta of its answer. */
export interface ModelIdentified extends OfNode {
  readonly type: 'model-identified';
  readonly identity: ModelIdentity;
}

/** A visible node has something new for the client. */
export interface DeltaEvent extends OfNode {
  readonly type: 'delta';
  readonly delta: Delta;
  /** The node's own window for joining text, in milliseconds; absent: the server's. */
  readonly debounceMs?: number;
}

/** A step has finished. */
export interface NodeFinished extends OfNode {
  readonly type: 'node-finished';
  /** True if the client saw what it yielded. */
  readonly visible: boolean;
  /** Milliseconds. */
  readonly elapsedMs: number;
  /** Absent unless the run's readers want content. */
  readonly output?: JsonValue;
  /** Tokens of this node's model calls, if their upstreams told. */
  readonly usage?: Usage;
  /** The worst of what the node's agents stopped for; absent for steps that have none. */
  readonly finishReason?: FinishReason;
}

/**
 * A step has failed, or was aborted because the run fails for another reason. The run fails with it, unless the step has a
 * substitute output: then `recovered` is true.
 */
export interface NodeFailed extends OfNode {
  readonly type: 'node-failed';
  /** Milliseconds. */
  readonly elapsedMs: number;
  /** What the run fails with, if it was aborted. */
  readonly error: RunError;
  readonly recovered: boolean;
  readonly aborted: boolean;
}

/** Last event of a run that came to its end. */
export interface RunFinished extends Sequenced {
  readonly type: 'run-finished';
  readonly finishReason: FinishReason;
  /** The workflow's result. Absent if it ended early, or unless the run's readers want content. */
  readonly result?: JsonValue;
  /** Sum over all model calls of the run whose upstreams told; absent if none did. */
  readonly usage?: Usage;
  /** Tokens that no upstream has told, by estimate; absent if there are none, or nobody asked for it. No client sees them. */
  readonly untoldTokens?: number;
}

/** Last event of a run that did not. */
export interface RunFailed extends Sequenced {
  readonly type: 'run-failed';
  readonly error: RunError;
  /** How it ended, in the words of log and metrics. */
  readonly outcome: Outcome;
  /** The step that it failed with, if the workflow has several; absent if it was ended from outside. */
  readonly node?: string;
  readonly usage?: Usage;
  /** As in {@link RunFinished}. */
  readonly untoldTokens?: number;
}

/**
 * One thing that happened in a run, as plain JSON. A run's events begin with `run-started` and end with exactly one of
 * `run-finished` and `run-failed`; the Observable that brings them then completes and never errors. Each `node-started` is
 * followed by exactly one of `node-finished` and `node-failed` of the same step. Deltas come in the order in which the
 * workflow declares its nodes, all other events when they happen.
 */
export type RunEvent =
  | RunStarted
  | NodeStarted
  | NodeProgress
  | RouteTaken
  | ModelIdentified
  | DeltaEvent
  | NodeFinished
  | NodeFailed
  | RunFinished
  | RunFailed;

/** A run event before it has its number. */
export type UnnumberedEvent<E = RunEvent> = E extends RunEvent ? Omit<E, 'seq'> : never;

/**
 * What code in this process may have of a run's end beside its last event, and no client: the result as it is, or what the run
 * failed with, which says more than events do.
 */
export interface RunEnd {
  /** Undefined if the run failed, or ended early. */
  readonly result?: unknown;
  /** Undefined if it did not fail. */
  readonly error?: MillraceError;
}

/** What agents, tools and authors tell of the work in a step. */
export type StepEvent = AgentEvent & { readonly node: string };

/** A step has its input, and its span begins. Told only in a run that is traced. */
export interface StepTraced {
  readonly type: 'step-traced';
  readonly node: string;
  /** Its own key. */
  readonly name: string;
  /** The nested workflow that it is a step of; absent: the run's own. */
  readonly within?: string;
  /** Id of the workflow that it is; absent: it is a node. */
  readonly workflow?: string;
}

/** Its span ends. */
export interface StepTraceEnded {
  readonly type: 'step-trace-ended';
  readonly node: string;
  readonly level?: EventLevel;
  /** For operators. */
  readonly statusMessage?: string;
}

/** The trace of a run ends. Comes before its last event, and only in a run that is traced. */
export interface RunTraceEnded {
  readonly type: 'run-trace-ended';
  readonly finishReason?: FinishReason;
  readonly level?: EventLevel;
  /** For operators. */
  readonly statusMessage?: string;
}

/** What observers are told beside the events of a run. Its reader is not: it would pay for what it has no use for. */
export type ObserverEvent = StepEvent | StepTraced | StepTraceEnded | RunTraceEnded;

/** What authors' code has given, as it is: for observers in this process, which look at it at once. */
export interface ObserverContent {
  readonly input?: unknown;
  readonly output?: unknown;
}
