import type { Clock, IdSource } from '../../kernel/index.js';
import type { RunJob } from '../dispatch/run-queue.js';
import type { RequestWatch } from '../run-options.js';
import type { RunService } from '../run.service.js';
import type { DocumentStore } from '../store/document-store.js';
import type { LoggedRun } from '../store/logged-run.js';
import type { RunLogStore } from '../store/run-log-store.js';
import type { Audience } from './audience.js';
import type { OpenLog } from './open-log.js';
import type { RunDoor } from './run-door.js';
import type { RunToLog } from './run-to-log.js';

/** What must be known of a run before it is claimed. */
export interface RunToWork extends Pick<RunToLog, 'workflow' | 'admission'> {
  readonly job: RunJob;
  readonly door: RunDoor;
  /** Undefined if no request waits for the run. */
  readonly watch?: RequestWatch | undefined;
}

/** What the work on a run needs. */
export interface WorkTools {
  readonly runs: RunService;
  readonly store: RunLogStore;
  readonly documents: Pick<DocumentStore, 'remove'>;
  /** Id of this process. */
  readonly worker: string;
  readonly audience: Audience;
  /** Called when there are events to store. */
  readonly onWrite: (log: OpenLog) => void;
  readonly clock: Clock;
  /** How long a run may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Most characters of one log. */
  readonly longestLog: number;
  /** Called when this process begins or stops writing the log of a run. */
  readonly onMove: (run: string) => void;
  readonly ids: Pick<IdSource, 'runId'>;
  /**
   * The door of the last segment of a run; undefined: the run has no segment, or this process does not have the door.
   */
  readonly findTeller: (run: LoggedRun) => RunDoor | undefined;
  /** Called for each continued run, with the id of its workflow. */
  readonly onResumed: (workflow: string) => void;
  /** Called for each retried run, with the id of its workflow. */
  readonly onRetried: (workflow: string) => void;
  /** Called for a run that this process has released, with its next wake-up. */
  readonly onReleased: (job: RunJob) => Promise<void>;
  /** Called for a run that begins to wait, with the time of its first expiry, in milliseconds since the Unix epoch. */
  readonly onWaiting: (expiresAt: number) => void;
  /** Called for a run that this process left while the store was unavailable. */
  readonly onStoreAway: (run: string) => void;
  readonly onFault: (run: string, error: unknown) => void;
}
