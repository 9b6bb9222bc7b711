import type { LoggedRun } from '../store/logged-run.js';

/** A run that will execute now or later. */
export type RunJob = Pick<
  LoggedRun,
  'id' | 'owner' | 'door' | 'workflow' | 'admission' | 'priority' | 'runAt' | 'wake'
> & {
  /** Hash of the workflow that executed it last. Absent: it has not been executed, or the sender does not know. */
  readonly graph?: string;
};

/** The job of a run. It holds nothing of the run's request. */
export function makeJob(run: RunJob & Pick<LoggedRun, 'createdAt'>): RunJob {
  const { id, owner, door, workflow, admission, priority, runAt, createdAt, wake } = run;
  // A run without a start time is due in every process, whatever the clock of the process that received it says.
  return { id, owner, door, workflow, admission, priority, runAt: runAt <= createdAt ? 0 : runAt, wake };
}

/**
 * How many runs of a workflow may execute at the same time, in all processes together, by its id. Absent: any number.
 */
export type MostAtWork = ReadonlyMap<string, number>;

/**
 * The outcome of a job: the work on its run is over, or the run belongs to another process and must be tried again
 * later.
 */
export type JobEnd = void | 'held';

/**
 * @returns resolves when there is no more to do for the job now, and never rejects; undefined: its caller may not have
 * another active run now
 */
export type BeginJob = (job: RunJob) => Promise<JobEnd> | undefined;

/**
 * Hands runs to workers: at most `RUNS_CONCURRENCY` in one process, the highest priority first, and then in the order
 * in which they came. It may hand out a run twice, and may lose runs: the store is authoritative. It respects the
 * concurrency limit of each workflow, across all processes.
 */
export abstract class RunQueue {
  /** Runs that this process works on. */
  abstract readonly atWork: number;

  /** Runs that wait to be worked on, as far as this process knows. */
  abstract readonly waiting: number;

  /** Makes this process execute runs from now on, if it may execute any. */
  abstract work(begin: BeginJob): void;

  /**
   * Reserves room for a run.
   * @returns to be called once, when it was put or will not be
   * @throws RateLimitedError if too many of this caller wait; OverloadedError if too many of all do
   */
  abstract reserve(owner: string): Promise<() => void>;

  /**
   * Queues the run for its time. A run that already waits for the same wake-up is not added again. Never rejects.
   * @returns false if it is not known to be there
   */
  abstract put(job: RunJob): Promise<boolean>;

  /** True if the run waits in this process, and is lost with it. */
  abstract has(id: string): boolean;

  /** Removes the run from the waiting ones. */
  abstract drop(job: Pick<RunJob, 'id' | 'wake'>): void;

  /**
   * Makes this process take no more runs; other processes get the ones that it had not begun. Resolves when its active
   * runs are over. Never rejects.
   */
  abstract close(): Promise<void>;

  /** Closes the connections of the queue. Never rejects. */
  abstract end(): Promise<void>;
}

/** @param mostOfOwner how many runs of one caller may wait */
export function makeQueuedMessage(mostOfOwner: number): string {
  return `Too many runs of this API key wait to be started: limit ${mostOfOwner}. Try again when some of them have ended.`;
}

/**
 * How long a client is asked to wait if too many runs are waiting, in milliseconds. It is a guess, since the end of a
 * run cannot be predicted.
 */
export const RETRY_AFTER_MS = 5_000;

/** Priorities of runs count from 0 to this. */
export const HIGHEST_PRIORITY = 9;
