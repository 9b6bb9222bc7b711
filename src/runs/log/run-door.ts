import type { JsonObject } from '../../kernel/index.js';
import type { QueuedPermit } from '../run-options.js';
import type { LoggedRun } from '../store/logged-run.js';
import type { LoggedEvent } from './logged-event.js';

/**
 * What begins logged runs and tells them to clients, such as a protocol. A run keeps the door's name alone: it may end in another
 * process than the one that it began in.
 */
export interface RunDoor {
  /** Stands in the runs that it begins, and never changes. */
  readonly name: string;
  /**
   * Keeps what is kept of a run's end, or of a segment that ends where the run begins to wait, before anybody sees the last event of
   * it. What it rejects with is logged, and no more. Absent: there is nothing to keep.
   */
  keepEnd?(run: LoggedRun, last: LoggedEvent): Promise<void>;
  /** Lets a run in once more that was let in before. @param kept `QueuedPermit.kept` of then, after a journey through JSON */
  readmit(kept: JsonObject): QueuedPermit;
}
