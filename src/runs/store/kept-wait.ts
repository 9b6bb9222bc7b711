import type { OpenWait } from '../../engine/index.js';
import type { JsonValue } from '../../kernel/index.js';
import type { LoggedRun } from './logged-run.js';

/** What came of a wait. */
export interface WaitOutcome {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** What was answered; undefined: nothing, in time. */
  readonly value?: JsonValue | undefined;
  /** True if nobody has answered in time. */
  readonly isExpired?: true | undefined;
  /** Id of the segment that whoever answered was to be told. */
  readonly segment?: string | undefined;
  /** How many waits of the run were over before. Those that were answered at once are in the order of the answers. */
  readonly order: number;
}

/** A wait as it is kept. */
export interface KeptWait extends OpenWait {
  /** Undefined: none, and it is open unless its run has ended. */
  readonly answer: WaitOutcome | undefined;
}

/** Answers to waits of one run. */
export interface NewAnswers {
  /** The run's own id. */
  readonly run: string;
  /** At least one, each to another wait. */
  readonly values: readonly {
    /** See {@link OpenWait.node}. */
    readonly node: string;
    readonly json: string;
  }[];
  /** What whoever answers is told by; undefined: the run's own id. */
  readonly segment?: { readonly id: string; readonly head: string } | undefined;
}

/** Waits whose time has come. */
export interface ExpiredWaits {
  /** Their runs, which are in the queue now. */
  readonly runs: readonly LoggedRun[];
  /**
   * When the next one expires, in milliseconds since the Unix epoch; undefined: none does. In the past if there are more than are taken
   * at once, or another process is about to take them.
   */
  readonly nextAt: number | undefined;
}

/** Waits that nobody has answered, of all owners. */
export interface UnansweredWaits {
  readonly open: number;
  /** When the oldest of them was asked, in milliseconds since the Unix epoch; undefined: there is none. */
  readonly oldestAt: number | undefined;
}
