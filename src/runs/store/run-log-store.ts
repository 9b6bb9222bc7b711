import type { LoggedEvent } from '../log/logged-event.js';
import type { ExpiredWaits, KeptWait, NewAnswers, UnansweredWaits } from './kept-wait.js';
import type { AppendVerdict, LogBatch, RunAttempt, RunRelease } from './log-batch.js';
import type { Creation, LoggedRun, LoggedStatus, NewLoggedRun, Repetition, RequestIdentity } from './logged-run.js';

/** A claimed run. */
export interface ClaimedRun {
  readonly run: LoggedRun;
  /** Its request, as JSON. */
  readonly request: string;
  /** The JSON of the stored steps. */
  readonly steps: readonly string[];
  /** All its waits, in the order in which they were asked. */
  readonly waits: readonly KeptWait[];
  /** Characters of its log. */
  readonly logLength: number;
}

/** How far a reader has read a log. */
export interface LogCursor {
  /** The run's own id. */
  readonly id: string;
  /** Number of the next event to read. */
  readonly from: number;
}

/** A piece of a log. */
export interface LogPage {
  /** Events that follow one another. Empty: there are no more at the moment. */
  readonly events: readonly LoggedEvent[];
  /** True if the log is complete. */
  readonly isOver: boolean;
}

/** How long runs are kept after their end. Milliseconds. */
export interface RunLimits {
  /** For logs and requests. */
  readonly logTtlMs: number;
  /** For the facts about runs without their logs. */
  readonly recordTtlMs: number;
}

/** What a process offers to runs. While it is alive, other processes leave it the runs that need what they lack. */
export interface WorkerOffer {
  /** Hashes of its workflows. */
  readonly graphs: readonly string[];
  /** Ids of its workflows. */
  readonly workflows: readonly string[];
  /** Names of its doors. */
  readonly doors: readonly string[];
}

/** Inactive runs of all owners. */
export interface WaitingRuns {
  /** Due runs in the queue. */
  readonly due: number;
  /** Start of the longest wait among them, in milliseconds since the Unix epoch; undefined: none waits. */
  readonly dueSince: number | undefined;
}

/** Filter and order of a list of runs. */
export interface RunQuery {
  readonly owner: string;
  /** The name that was asked for. */
  readonly model?: string | undefined;
  readonly status?: LoggedStatus | undefined;
  /** At least 1. */
  readonly limit: number;
  /** Id of the last run of the page before. */
  readonly after?: string | undefined;
  /** `desc`: the newest first. */
  readonly order: 'asc' | 'desc';
}

/** A page of a list. */
export interface RunPage {
  readonly runs: readonly LoggedRun[];
  readonly hasMore: boolean;
}

/**
 * The logs of runs: their events, numbered from 0 without gaps. Appended events never change. Every method rejects with
 * an OverloadedError while the store is unavailable.
 */
export abstract class RunLogStore {
  #writtenEvents = 0;

  /** False: no run can have a log. */
  abstract readonly isOn: boolean;

  /** True if other processes may write into it at the same time. */
  abstract readonly isShared: boolean;

  /** True if there may be logs of an earlier process. */
  abstract hasEarlier(): Promise<boolean>;

  /** False if stored data ends with this process, as far as can be known without opening the store. */
  abstract canLast(): Promise<boolean>;

  /** Stores a new run as queued, unless its owner has one of the same identity. */
  abstract create(run: NewLoggedRun): Promise<Creation>;

  /** The run that {@link create} would find for this identity; undefined: none. */
  abstract findRepeated(owner: string, identity: RequestIdentity): Promise<Repetition | undefined>;

  /**
   * Claims a run: from now on, only batches with the new epoch are accepted. If the run was active, the claim counts a
   * death of its process, unless the store was unavailable since the last sign of life.
   * @param worker id of the process that executes it from now on
   * @param wake only if the run has not been queued again since this wake-up; undefined: in any case
   * @returns undefined if there is no such run, it is over or waits for an answer, has been queued again meanwhile, or is active in
   *   another process that is alive ({@link isAtWork})
   */
  abstract claim(id: string, worker: string, wake?: number): Promise<ClaimedRun | undefined>;

  /**
   * True if a run is active for this wake-up in another process that was alive a few seconds ago ({@link beat}), by the
   * clock of the store.
   */
  abstract isAtWork(id: string, wake: number): Promise<boolean>;

  /**
   * Reports runs as active; their running time and lease count from the last report.
   * @returns ids of runs that are gone, or claimed by another process since
   */
  abstract keepAlive(attempts: readonly RunAttempt[]): Promise<readonly string[]>;

  /**
   * Releases active runs before their end: they are queued again with the next wake-up, which does not count as a
   * death.
   */
  abstract release(attempts: readonly RunRelease[]): Promise<void>;

  /**
   * Marks a run as cancelled, unless it is over.
   * @param id the run's own
   */
  abstract markCancelled(id: string): Promise<void>;

  /** Packs the log of a run that is over or waits for answers. Readers do not notice. */
  abstract pack(id: string): Promise<void>;

  /**
   * Calls back each time that this process has lost all its runs to another one because it was suspended for too long.
   * Its writes to them are refused from then on.
   */
  abstract watchLoss(onLost: () => void): void;

  /**
   * Appends batches of several runs, one for each: all or none. A batch that was appended before is not appended again.
   * A run that waits in the queue or for answers can be ended under its current epoch; its waits cannot be answered any
   * more then.
   * @returns the outcome of each
   */
  async append(batches: readonly LogBatch[]): Promise<readonly AppendVerdict[]> {
    const verdicts = await this.write(batches);
    batches.forEach(({ events }, place) => {
      if (verdicts[place]?.isKept === true) this.#writtenEvents += events.length;
    });
    return verdicts;
  }

  /** How many events were appended so far. */
  get writtenEvents(): number {
    return this.#writtenEvents;
  }

  protected abstract write(batches: readonly LogBatch[]): Promise<readonly AppendVerdict[]>;

  /**
   * Reads the next part of a log, about as much as can be handled in one turn of the event loop.
   * @param id the run's own
   * @param from number of the first event that is wanted
   * @returns undefined if there is no such run, or its log is gone
   */
  abstract read(id: string, from: number): Promise<LogPage | undefined>;

  /**
   * {@link read} for several runs at once, each named once.
   * @returns by the runs' ids
   */
  abstract readMany(cursors: readonly LogCursor[]): Promise<ReadonlyMap<string, LogPage | undefined>>;

  /**
   * Calls back when another process may have changed these runs: events, an end, a cancellation, another status. It is
   * a hint that comes a moment later and may be lost. It opens no connection before the store is used otherwise.
   * @param onChange gets the runs' ids; `unknown`: hints were lost, and any run may have changed
   */
  abstract watchChanges(onChange: (runs: readonly string[] | 'unknown') => void): void;

  /**
   * @param id the run's own, or that of one of its segments
   * @returns undefined if there is none, it has expired, or it belongs to somebody else
   */
  abstract find(id: string, owner: string): Promise<LoggedRun | undefined>;

  /**
   * The owner of a run; undefined if there is no such run.
   * @param id the run's own
   */
  abstract findOwner(id: string): Promise<string | undefined>;

  /**
   * A secret of this store, the same for all its processes and for the store's lifetime.
   * @param name what it is for
   * @param fresh becomes the secret if there is none with this name yet
   */
  abstract findSecret(name: string, fresh: string): Promise<string>;

  /**
   * Lists the runs of one owner.
   * @returns undefined if `after` is none of them
   */
  abstract list(query: RunQuery): Promise<RunPage | undefined>;

  /**
   * Stores answers: all of them or none. Once none of the run's waits is open any more, the run is queued again with
   * the next wake-up, and its new segment begins with its next event.
   * @returns the run as it is now; undefined if it does not wait, or one of these waits is not open
   */
  abstract answer(answers: NewAnswers): Promise<LoggedRun | undefined>;

  /** Begins a segment with the next event of a run that is active in this attempt; otherwise does nothing. */
  abstract addSegment(attempt: RunAttempt, segment: { readonly id: string; readonly head: string }): Promise<void>;

  /**
   * All waits of a run, in the order in which they were asked.
   * @param run the run's own id
   */
  abstract findWaits(run: string): Promise<readonly KeptWait[]>;

  /**
   * The run that waits through this call; undefined if there is none, it has expired, or it belongs to another owner.
   */
  abstract findRunOfCall(callId: string, owner: string): Promise<LoggedRun | undefined>;

  /**
   * Expires the due waits of waiting runs, which are queued again with the next wake-up. Each wait is found by one
   * process, in portions.
   */
  abstract expireWaits(): Promise<ExpiredWaits>;

  /**
   * The request of a run, as JSON; undefined if there is no such run, or its log is gone.
   * @param id the run's own
   */
  abstract findRequest(id: string): Promise<string | undefined>;

  /**
   * Finds lost runs in the order of their creation, but none that wait for answers. Their heads are empty. In a shared
   * store, lost runs are due runs that have been queued for 15 s, and active runs without a report for 30 s, which get
   * the next wake-up. A run found by one process is not found by the others for as long again, and they come in
   * portions. In a store that is not shared, all unfinished runs are found, also those of this process.
   * @param left ids of runs that this process has left without releasing them: they are found at once, unless another
   *   process has them
   * @param worker id of this process
   */
  abstract findLost(left: readonly string[], worker: string): Promise<readonly LoggedRun[]>;

  /**
   * Reports this process as alive; to be called every 5 s.
   * @param worker its id
   * @param offer what it offers; empty: it takes no more runs
   */
  abstract beat(worker: string, offer: WorkerOffer): Promise<void>;

  /** True if a process that is alive, or was a moment ago, offers this. */
  abstract isOffered(kind: keyof WorkerOffer, name: string): Promise<boolean>;

  /**
   * Binds a run to its readers: from now on the store keeps when it was last read, and the run ends when it has no
   * readers.
   */
  abstract bindToReaders(id: string): Promise<void>;

  /** Reports that runs are being read, as far as they are bound to their readers. */
  abstract markRead(ids: readonly string[]): Promise<void>;

  /**
   * How long no other process has reported readers of a bound run, in milliseconds.
   * @param worker id of this process
   * @returns undefined if this process must not end the run: it has ended, waits for an answer, or is active elsewhere
   */
  abstract findUnreadTime(id: string, worker: string): Promise<number | undefined>;

  /** How many runs of one owner wait in the queue. */
  abstract countQueued(owner: string): Promise<number>;

  /** How many runs of all owners wait in the queue. */
  abstract countWaiting(): Promise<WaitingRuns>;

  /** How many waits of all owners are open. */
  abstract countOpenWaits(): Promise<UnansweredWaits>;

  /**
   * Removes a run with its log and the documents of its segments.
   * @param id the run's own
   * @returns false if the owner has none of this id
   */
  abstract remove(id: string, owner: string): Promise<boolean>;
}
