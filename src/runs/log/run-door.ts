import type { JsonObject } from '../../kernel/index.js';
import type { QueuedPermit } from '../run-options.js';
import type { WaitOutcome } from '../store/kept-wait.js';
import type { LoggedRun } from '../store/logged-run.js';
import type { LoggedEvent } from './logged-event.js';

/** A segment that nobody has asked for. */
export interface NextSegment {
  readonly id: string;
  /** Id of the one before it. */
  readonly before: string;
  /** When it begins, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** What has come of the calls that the one before has asked by. */
  readonly outcomes: readonly { readonly callId: string; readonly answer: WaitOutcome }[];
}

/**
 * What begins logged runs and tells them to clients, such as a protocol. A run keeps the door's name alone: it may end in another
 * process than the one that it began in.
 */
export interface RunDoor {
  /** Stands in the runs that it begins, and never changes. */
  readonly name: string;
  /** What the ids of its segments begin with, and of no other door's. Absent: it tells runs by their own ids alone. */
  readonly segmentPrefix?: string;
  /**
   * Keeps what is kept of the end of its segment, where the run ends or begins to wait, before anybody sees the last event of it. The run
   * may have begun at another door. What it rejects with is logged, and no more. Absent: there is nothing to keep.
   */
  keepEnd?(run: LoggedRun, last: LoggedEvent): Promise<void>;
  /**
   * What tells the segment that begins where the run goes on without a request of this door, as JSON: a wait of its last segment has
   * expired, or was answered by the run's own id.
   * @param run as it is now, without that segment
   */
  continueHead?(run: LoggedRun, next: NextSegment): string | Promise<string>;
  /** Lets a run in once more that was let in before. @param kept `QueuedPermit.kept` of then, after a journey through JSON */
  readmit(kept: JsonObject): QueuedPermit;
}
