import type { LoggedEvent } from '../log/logged-event.js';

/** Where a logged run stands. The last three never change. */
export type LoggedStatus = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';

/** A run that is to have a log. */
export interface NewLoggedRun {
  /** Nobody can guess it. */
  readonly id: string;
  /** Id of the caller that it belongs to. For all others it does not exist. */
  readonly owner: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /** What it is asked, as JSON. */
  readonly request: string;
  /** What its door needs to tell it to clients, as JSON that the store does not look into. */
  readonly head: string;
}

/** A run that has a log. */
export interface LoggedRun extends Pick<NewLoggedRun, 'id' | 'owner' | 'createdAt' | 'head'> {
  readonly status: LoggedStatus;
  /** How often it was begun. Whoever writes under an older number is refused. */
  readonly epoch: number;
  /** Number of its events, which is that of the next one. */
  readonly length: number;
}

/** What one run has to say in one commit. */
export interface LogBatch {
  readonly run: string;
  readonly epoch: number;
  /** Number of the first of its events: that of the last one before, and one. */
  readonly first: number;
  /** JSON of each. */
  readonly events: readonly string[];
  /** Where it stands with them; absent: as before. */
  readonly status?: LoggedStatus;
  /** When it ended, in milliseconds since the Unix epoch; absent: it has not. */
  readonly finishedAt?: number;
}

/** A piece of a log. */
export interface LogPage {
  /** Events that follow one another. Empty: there are no more at the moment. */
  readonly events: readonly LoggedEvent[];
  /** True if no event will ever come behind those that the log has now. */
  readonly isOver: boolean;
}

/**
 * The logs of runs: what happened, in the order of numbers that count from 0 without gaps. What was appended stays, and is never
 * another under the same number. Every method rejects with an OverloadedError while the store is away.
 */
export abstract class RunLogStore {
  /** False: no run can have a log. */
  abstract readonly isOn: boolean;

  /** True if there may be logs of an earlier process. */
  abstract hasEarlier(): Promise<boolean>;

  /** Resolves when the run is kept, as one that is queued. */
  abstract create(run: NewLoggedRun): Promise<void>;

  /**
   * Appends what several runs have to say, all of it or nothing. A batch that was appended before is not appended again.
   * @returns for each whether it is in the log now; false if there is no such run, it is over, it was begun again by somebody else,
   *   or its events would leave a gap
   */
  abstract append(batches: readonly LogBatch[]): Promise<readonly boolean[]>;

  /**
   * Reads on in a log, about as much as can be worked on in one turn of the event loop.
   * @param from number of the first event that is wanted
   * @returns undefined if there is no such run
   */
  abstract read(id: string, from: number): Promise<LogPage | undefined>;

  /** @returns undefined if there is none, it has expired, or it belongs to somebody else */
  abstract find(id: string, owner: string): Promise<LoggedRun | undefined>;

  /** What a run is asked, as JSON; undefined if there is no such run. */
  abstract findRequest(id: string): Promise<string | undefined>;

  /** All that have not ended. */
  abstract listUnfinished(): Promise<readonly LoggedRun[]>;

  /** Removes a run with its log. @returns false if the owner has none of this id */
  abstract remove(id: string, owner: string): Promise<boolean>;
}
