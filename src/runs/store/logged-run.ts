import type { RunError } from '../../errors/index.js';
import type { JsonObject, JsonValue } from '../../kernel/index.js';
import type { FinishReason, Usage } from '../../models/index.js';

/** Where a logged run stands. `waiting`: for answers, and nobody works on it. The last three never change. */
export type LoggedStatus = 'queued' | 'running' | 'waiting' | 'completed' | 'failed' | 'cancelled';

/** How a run has ended. */
export type EndedStatus = Exclude<LoggedStatus, 'queued' | 'running' | 'waiting'>;

/** What a client sees of a run under an id of its own, such as a completion or a response: the events from one number on. */
export interface RunSegment {
  /** Nobody can guess it. */
  readonly id: string;
  /** Number of its first event. */
  readonly from: number;
  /** What its door needs to tell it to clients, as JSON that the store does not look into; undefined: as that of the run. */
  readonly head: string | undefined;
}

/** What makes a repeated request the same request. */
export interface RequestIdentity {
  /** What the client calls it; one owner has it once. */
  readonly key: string;
  /** Hash of what it asks. */
  readonly hash: string;
}

/** What is known of a run before it begins, and never changes. */
interface RunFacts {
  /** Nobody can guess it. */
  readonly id: string;
  /** Id of the caller that it belongs to. For all others it does not exist. */
  readonly owner: string;
  /** Name of the door that tells it to clients. */
  readonly door: string;
  /** Id of its workflow. */
  readonly workflow: string;
  /** The version that the workflow's author gave it; undefined: none. */
  readonly workflowVersion: string | undefined;
  /** The name that the client asked for. */
  readonly model: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /** When it is to begin at the earliest, in milliseconds since the Unix epoch. */
  readonly runAt: number;
  /** From 0 to 9; those with 9 come first. */
  readonly priority: number;
  /** What its client wants to find again with it. */
  readonly metadata: JsonObject;
  /** What its door needs to tell it to clients, as JSON that the store does not look into. */
  readonly head: string;
  /** What lets it in once more, in another process: `QueuedPermit.kept`. */
  readonly admission: JsonObject;
}

/** A run that is to have a log. */
export interface NewLoggedRun extends RunFacts {
  /** What it is asked, as JSON. */
  readonly request: string;
  /** Id of its first segment; undefined: clients know it by its own id. */
  readonly segment?: string | undefined;
  /** Undefined: each request is another one. */
  readonly identity?: RequestIdentity | undefined;
}

/** How a run ended, in what its last event says. */
export interface LoggedEnding {
  readonly status: EndedStatus;
  /** Milliseconds since the Unix epoch. */
  readonly finishedAt: number;
  readonly finishReason?: FinishReason | undefined;
  readonly usage?: Usage | undefined;
  /** True if more may have been used than is known. */
  readonly isUsageIncomplete?: true | undefined;
  readonly error?: RunError | undefined;
  /** The step that failed. */
  readonly node?: string | undefined;
  /** What it has said as content; absent if it has not completed, or that is long: then only the log has it. */
  readonly output?: string | undefined;
  /** What its workflow returned; absent if its clients may not know it, or it is text, which the output is. */
  readonly result?: JsonValue | undefined;
}

/** A run that has a log. */
export interface LoggedRun extends RunFacts {
  readonly status: LoggedStatus;
  /** How often somebody took it. Whoever writes under an older number is refused. */
  readonly epoch: number;
  /** How often it was begun: to go on with answers, or to be handed on before anything was done, is no beginning. */
  readonly attempts: number;
  /** How often it has come back into the queue: what was put there for another time is out of date. */
  readonly wake: number;
  /** When it began for the first time, in milliseconds since the Unix epoch; undefined: it has not. */
  readonly startedAt: number | undefined;
  /** How long it was at work in all attempts up to {@link LoggedRun.aliveAt}, in milliseconds. */
  readonly activeMs: number;
  /** When it was at work the last time that anybody knows of, in milliseconds since the Unix epoch; undefined: never. */
  readonly aliveAt: number | undefined;
  /** How often in a row it was at work when its process died or was frozen, without a step that finished meanwhile. */
  readonly deaths: number;
  /** True once it was asked to be cancelled: it is not begun again. */
  readonly isCancelled: boolean;
  /** Undefined until it has ended. */
  readonly ending: LoggedEnding | undefined;
  /** Number of its events, which is that of the next one. */
  readonly length: number;
  /** False once its log, and what it was asked, have expired or were made room of. */
  readonly hasLog: boolean;
  /** In the order of their first events; empty: clients know it by its own id. */
  readonly segments: readonly RunSegment[];
}

/** What a key that came before stands for: the same was asked then; it came with something else. */
export type Repetition = { readonly kind: 'exists'; readonly run: LoggedRun } | { readonly kind: 'reused' };

/** What became of a run that was to be created: it is there now, or its key came before. */
export type Creation = { readonly kind: 'created' } | Repetition;
