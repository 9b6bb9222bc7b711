import type { LoggedRun } from '../store/logged-run.js';

/** A run that somebody is to work on, now or later. */
export type RunJob = Pick<
  LoggedRun,
  'id' | 'owner' | 'door' | 'workflow' | 'admission' | 'priority' | 'runAt' | 'wake'
> & {
  /** Hash of the workflow that it was at work with last. Absent: it was not, or whoever put it does not know. */
  readonly graph?: string;
};

/** The job of a run. It holds nothing that the run was asked. */
export function makeJob(run: RunJob & Pick<LoggedRun, 'createdAt'>): RunJob {
  const { id, owner, door, workflow, admission, priority, runAt, createdAt, wake } = run;
  // One that is to begin at once is due for all, whatever the clock says of the process that was asked for it.
  return { id, owner, door, workflow, admission, priority, runAt: runAt <= createdAt ? 0 : runAt, wake };
}

/** How many runs of a workflow may be at work at the same time, in all processes together, by its id. Absent: any number. */
export type MostAtWork = ReadonlyMap<string, number>;

/** What became of a job that was begun: the work on its run is over; it is for another process, and is to be looked at again later. */
export type JobEnd = void | 'held';

/** @returns resolves when there is no more to do for the job now, and never rejects; undefined: its caller may not have another run at work now */
export type BeginJob = (job: RunJob) => Promise<JobEnd> | undefined;

/**
 * Hands runs to whoever works on them: at most `RUNS_CONCURRENCY` in one process, those with the highest priority first, and then in
 * the order in which they came. It may hand out a run twice, and may lose all of them: the store has the truth.
 * Of workflows that say so, no more runs are at work at the same time than they say, in whichever process.
 */
export abstract class RunQueue {
  /** Runs that this process works on. */
  abstract readonly atWork: number;

  /** Runs that wait to be worked on, as far as this process knows. */
  abstract readonly waiting: number;

  /** From now on this process works on runs. */
  abstract work(begin: BeginJob): void;

  /**
   * Keeps room for a run that is about to come.
   * @returns to be called once, when it was put or will not be
   * @throws RateLimitedError if too many of this caller wait; OverloadedError if too many of all do
   */
  abstract reserve(owner: string): Promise<() => void>;

  /**
   * The run is to be worked on when its time has come. One that waits for the same wake already is there once. Never rejects.
   * @returns false if it is not known to be there
   */
  abstract put(job: RunJob): Promise<boolean>;

  /** True if the run waits in this process, and is lost with it. */
  abstract has(id: string): boolean;

  /** The run does not wait any more. */
  abstract drop(job: Pick<RunJob, 'id' | 'wake'>): void;

  /** This process takes no more runs, and others get what it had not begun. Resolves when those that it had are over. Never rejects. */
  abstract close(): Promise<void>;

  /** Nobody uses the queue any more: its connections are closed. Never rejects. */
  abstract end(): Promise<void>;
}

/** @param mostOfOwner how many runs of one caller may wait */
export function makeQueuedMessage(mostOfOwner: number): string {
  return `Too many runs of this API key wait to be started: limit ${mostOfOwner}. Try again when some of them have ended.`;
}

/** How long a client is asked to wait where too many runs do, in milliseconds. It is a guess: nobody knows when a run ends. */
export const RETRY_AFTER_MS = 5_000;

/** Priorities of runs count from 0 to this. */
export const HIGHEST_PRIORITY = 9;
