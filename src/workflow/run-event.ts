import type { MillraceError } from '../errors/index.js';
import type { ModelIdentity } from '../models/index.js';
import type { FinishReason, Usage } from '../protocol/index.js';
import type { Delta } from '../streaming/index.js';

/** What every run event has: its place in the run, counted from 0 (gaps are possible where deltas were merged). */
interface Sequenced {
  readonly seq: number;
}

/** The run has begun. `traceId` is absent when nothing is traced. */
export interface RunStarted extends Sequenced {
  readonly type: 'run-started';
  readonly traceId?: string;
}

/** A node has begun. */
export interface NodeStarted extends Sequenced {
  readonly type: 'node-started';
  readonly node: string;
}

/** A model has said who it is. Comes before the first delta of its answer. */
export interface ModelIdentified extends Sequenced {
  readonly type: 'model-identified';
  readonly node: string;
  readonly identity: ModelIdentity;
}

/** A visible node has something new for the client. */
export interface DeltaEvent extends Sequenced {
  readonly type: 'delta';
  readonly node: string;
  readonly delta: Delta;
}

/** A node has finished. */
export interface NodeFinished extends Sequenced {
  readonly type: 'node-finished';
  readonly node: string;
  /** Milliseconds. */
  readonly elapsedMs: number;
  /** Tokens of this node's model calls, if their upstreams told. */
  readonly usage?: Usage;
}

/** Last event of a run that came to its end. */
export interface RunFinished extends Sequenced {
  readonly type: 'run-finished';
  readonly finishReason: FinishReason;
  /** Sum over all model calls of the run whose upstreams told; absent if none did. */
  readonly usage?: Usage;
}

/** Last event of a run that did not. */
export interface RunFailed extends Sequenced {
  readonly type: 'run-failed';
  readonly error: MillraceError;
  readonly usage?: Usage;
}

/**
 * One thing that happened in a run, as plain data. A run's events begin with `run-started` and end with exactly one of
 * `run-finished` and `run-failed`; the Observable that brings them then completes and never errors.
 */
export type RunEvent = RunStarted | NodeStarted | ModelIdentified | DeltaEvent | NodeFinished | RunFinished | RunFailed;
