import type { JsonObject } from '../../kernel/index.js';
import type { QueuedAdmission } from '../run-options.js';
import type { WaitOutcome } from '../store/kept-wait.js';
import type { LoggedRun } from '../store/logged-run.js';
import type { LoggedEvent } from './logged-event.js';

/** A segment without a request. */
export interface NextSegment {
  readonly id: string;
  /** Id of the one before it. */
  readonly before: string;
  /** When it begins, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** The outcomes of the calls of the previous segment. */
  readonly outcomes: readonly { readonly callId: string; readonly answer: WaitOutcome }[];
}

/**
 * Begins logged runs and shows them to clients in the words of a protocol. A run stores only the door's name, because
 * it may end in another process.
 */
export interface RunDoor {
  /** Stored with the runs that it begins, and never changes. */
  readonly name: string;
  /** The prefix of its segments' ids, which no other door uses. Absent: it shows runs under their own ids only. */
  readonly segmentPrefix?: string;
  /**
   * Stores the end of its segment when the run ends or begins to wait, before any reader sees the last event. The run
   * may have begun at another door, and may still end in another way: store for this attempt only
   * (`StoredDocument.attempt`). A rejection is only logged. Absent: there is nothing to store.
   */
  keepEnd?(run: LoggedRun, last: LoggedEvent): Promise<void>;
  /**
   * Makes the head of the segment that begins when the run continues without a request of this door, as JSON: a wait of
   * its last segment has expired, or was answered by the run's own id.
   * @param run as it is now, without that segment
   */
  continueHead?(run: LoggedRun, next: NextSegment): Promise<string>;
  /**
   * Admits a run again that was admitted before.
   * @param kept the earlier `QueuedAdmission.kept`, read from JSON
   */
  readmit(kept: JsonObject): QueuedAdmission;
}
