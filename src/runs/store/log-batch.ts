import type { OpenWait } from '../../engine/index.js';
import type { LoggedEnding } from './logged-run.js';

/** A step that has finished: it never runs again. */
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

/** How somebody lets go of a run that is at work. */
export interface RunRelease extends RunAttempt {
  /** When it is to begin again at the earliest, in milliseconds since the Unix epoch: it has failed. Absent: when its time has come before. */
  readonly runAt?: number;
  /** False if nothing was done for it: whoever takes it next makes the same attempt. Absent: true. */
  readonly hasBegun?: boolean;
}

/** What one run has to say in one commit. */
export interface LogBatch {
  readonly run: string;
  readonly epoch: number;
  /** Number of the first of its events: that of the last one before, and one. */
  readonly first: number;
  /** JSON of each. */
  readonly events: readonly string[];
  /** Steps that have finished with them; absent: none. */
  readonly steps?: readonly KeptStep[];
  /**
   * What it waits for from now on, in order: nobody has it at work any more, and nobody has died. Those that it has waited for before, by
   * the keys of their steps, are kept as they are. Absent: it does not wait.
   */
  readonly waits?: readonly OpenWait[];
  /** How it ended with them; absent: it has not. */
  readonly ending?: LoggedEnding;
}

/** What became of a batch. */
export interface AppendVerdict {
  /** False if there is no such run, it is over, it was begun again by somebody else, or the events would leave a gap. */
  readonly isKept: boolean;
  /** True if the run was asked to be cancelled, by this process or another. */
  readonly isCancelled: boolean;
}
