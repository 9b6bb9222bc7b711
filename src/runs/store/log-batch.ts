import type { OpenWait } from '../../engine/index.js';
import type { LoggedEnding } from './logged-run.js';

/** A finished step, which never runs again. */
export interface KeptStep {
  /** Its key in the run. */
  readonly node: string;
  readonly json: string;
}

/** An attempt at a run. */
export interface RunAttempt {
  readonly id: string;
  readonly epoch: number;
}

/** How a process releases an active run. */
export interface RunRelease extends RunAttempt {
  /**
   * For a failed attempt, the earliest time of the next one, in milliseconds since the Unix epoch. Absent: the earlier
   * start time stays.
   */
  readonly runAt?: number;
  /** False if nothing was done for the run: the next process makes the same attempt. Absent: true. */
  readonly hasBegun?: boolean;
}

/** What one run writes in one commit. */
export interface LogBatch {
  readonly run: string;
  readonly epoch: number;
  /** Number of its first event: one more than that of the last event before. */
  readonly first: number;
  /** JSON of each. */
  readonly events: readonly string[];
  /** Steps that finished with these events; absent: none. */
  readonly steps?: readonly KeptStep[];
  /**
   * The waits that begin now, in order: the run is not active any more, which does not count as a death. Earlier waits
   * with the same step keys stay as they are. Absent: the run does not wait.
   */
  readonly waits?: readonly OpenWait[];
  /** How the run ended with these events; absent: it has not. */
  readonly ending?: LoggedEnding;
}

/** The outcome of a batch. */
export interface AppendVerdict {
  /** False if the run does not exist, is over or was claimed by another process, or if the events would leave a gap. */
  readonly isKept: boolean;
  /** True if this or another process has asked for the run to be cancelled. */
  readonly isCancelled: boolean;
}
