import type { OpenWait } from '../../engine/index.js';
import type { JsonValue } from '../../kernel/index.js';
import type { LoggedRun } from './logged-run.js';

/** The outcome of a wait. */
export interface WaitOutcome {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** The answer; undefined if there was none in time. */
  readonly value?: JsonValue | undefined;
  /** True if there was no answer in time. */
  readonly isExpired?: true | undefined;
  /** Id of the segment that was begun for the client that answered. */
  readonly segment?: string | undefined;
  /** How many waits of the run were over before. Waits answered together are in the order of their answers. */
  readonly order: number;
}

/** A stored wait. */
export interface KeptWait extends OpenWait {
  /** Undefined: no outcome yet, and it is open unless its run has ended. */
  readonly answer: WaitOutcome | undefined;
}

/** True for a wait without an outcome. */
export function isOpenWait({ answer }: Pick<KeptWait, 'answer'>): boolean {
  return answer === undefined;
}

/** Answers to waits of one run. */
export interface NewAnswers {
  /** The run's own id. */
  readonly run: string;
  /** At least one, each for another wait. */
  readonly values: readonly {
    /** See {@link OpenWait.node}. */
    readonly node: string;
    readonly json: string;
  }[];
  /** The segment begun for the client that answers; undefined: the run's own id. */
  readonly segment?: { readonly id: string; readonly head: string } | undefined;
}

/** Waits that have expired. */
export interface ExpiredWaits {
  /** Their runs, which are now queued. */
  readonly runs: readonly LoggedRun[];
  /**
   * When the next wait expires, in milliseconds since the Unix epoch; undefined: none does. In the past if there are
   * more than are taken at once, or another process is about to take them.
   */
  readonly nextAt: number | undefined;
}

/** Open waits of all owners. */
export interface UnansweredWaits {
  readonly open: number;
  /** When the oldest of them began, in milliseconds since the Unix epoch; undefined: there is none. */
  readonly oldestAt: number | undefined;
}
