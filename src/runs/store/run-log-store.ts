import type { LoggedEvent } from '../log/logged-event.js';
import type { ExpiredWaits, KeptWait, NewAnswers, UnansweredWaits } from './kept-wait.js';
import type { AppendVerdict, LogBatch, RunAttempt, RunRelease } from './log-batch.js';
import type { Creation, LoggedRun, LoggedStatus, NewLoggedRun, Repetition, RequestIdentity } from './logged-run.js';

/** A run that somebody begins, or begins again. */
export interface ClaimedRun {
  readonly run: LoggedRun;
  /** What it is asked, as JSON. */
  readonly request: string;
  /** The JSON of the steps that were kept. */
  readonly steps: readonly string[];
  /** All that it has ever waited for, in the order in which that was asked. */
  readonly waits: readonly KeptWait[];
  /** Characters of its log. */
  readonly logLength: number;
}

/** Up to where somebody has read a log. */
export interface LogCursor {
  /** The run's own id. */
  readonly id: string;
  /** Number of the first event that is wanted. */
  readonly from: number;
}

/** A piece of a log. */
export interface LogPage {
  /** Events that follow one another. Empty: there are no more at the moment. */
  readonly events: readonly LoggedEvent[];
  /** True if no event will ever come behind those that the log has now. */
  readonly isOver: boolean;
}

/** How long runs are kept after their end. Milliseconds. */
export interface RunLimits {
  /** Their logs, and what they were asked. */
  readonly logTtlMs: number;
  /** What is known of them without their logs. */
  readonly recordTtlMs: number;
}

/** What a process has that runs need. While it is alive, others leave it the runs that need what they lack. */
export interface WorkerOffer {
  /** Hashes of its workflows. */
  readonly graphs: readonly string[];
  /** Ids of its workflows. */
  readonly workflows: readonly string[];
  /** Names of its doors. */
  readonly doors: readonly string[];
}

/** Runs that nobody works on, of all owners. */
export interface WaitingRuns {
  /** Those in the queue whose time has come. */
  readonly due: number;
  /** Since when the one of them waits that has waited longest, in milliseconds since the Unix epoch; undefined: none waits. */
  readonly dueSince: number | undefined;
}

/** Which runs are wanted, and in which order. */
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
 * The logs of runs: what happened, in the order of numbers that count from 0 without gaps. What was appended stays, and is never
 * another under the same number. Every method rejects with an OverloadedError while the store is away.
 */
export abstract class RunLogStore {
  /** False: no run can have a log. */
  abstract readonly isOn: boolean;

  /** True if other processes may write into it at the same time. */
  abstract readonly isShared: boolean;

  /** True if there may be logs of an earlier process. */
  abstract hasEarlier(): Promise<boolean>;

  /** False if what is kept ends with this process, as far as can be told without opening anything. */
  abstract canLast(): Promise<boolean>;

  /** Keeps a run, as one that is queued, unless its owner has one of the same identity. */
  abstract create(run: NewLoggedRun): Promise<Creation>;

  /** What {@link create} would find of this identity; undefined: nothing. */
  abstract findRepeated(owner: string, identity: RequestIdentity): Promise<Repetition | undefined>;

  /**
   * Begins a run, or begins it again: from now on only batches with the new epoch are taken. If it was at work, whoever had it at
   * work is dead, unless the store was away since that was heard of: then nobody could say anything.
   * @param worker id of the process that has it at work from now on
   * @param wake only if it waits, or is at work, since it came into the queue for this time; undefined: in any case
   * @returns undefined if there is no such run, it is over or waits for an answer, or has come back into the queue meanwhile
   */
  abstract claim(id: string, worker: string, wake?: number): Promise<ClaimedRun | undefined>;

  /**
   * Says of runs that they are at work still; their time, and their lease, count from the last time that this was said.
   * @returns ids of those that are gone, or that somebody else has begun since
   */
  abstract keepAlive(attempts: readonly RunAttempt[]): Promise<readonly string[]>;

  /** Lets go of runs that are at work, before their end: they are queued again, with the next wake, and nobody has died. */
  abstract release(attempts: readonly RunRelease[]): Promise<void>;

  /** Keeps that a run is to end before its end, unless it is over. @param id the run's own */
  abstract markCancelled(id: string): Promise<void>;

  /** Makes what is kept of a run smaller that is over, or waits for answers. Nobody who reads it notices. */
  abstract pack(id: string): Promise<void>;

  /**
   * Calls back each time that this process has lost all its runs to another one, because it stood still for too long.
   * Nothing of them is taken from it any more.
   */
  abstract watchLoss(onLost: () => void): void;

  /**
   * Appends what several runs have to say, each run once: all of it or nothing. A batch that was appended before is not appended
   * again. A run that waits, in the queue or for answers, can be ended under the epoch that it has; nothing can be answered then.
   * @returns what became of each
   */
  abstract append(batches: readonly LogBatch[]): Promise<readonly AppendVerdict[]>;

  /**
   * Reads on in a log, about as much as can be worked on in one turn of the event loop.
   * @param id the run's own
   * @param from number of the first event that is wanted
   * @returns undefined if there is no such run, or its log is gone
   */
  abstract read(id: string, from: number): Promise<LogPage | undefined>;

  /** {@link read} for several runs, each once, in one go. @returns by the runs' ids */
  abstract readMany(cursors: readonly LogCursor[]): Promise<ReadonlyMap<string, LogPage | undefined>>;

  /**
   * Calls back when another process may have written something of these runs: events, an end, a cancellation, another status. It
   * is a hint, which comes a moment later, and may be lost. Nothing is connected before the store is used otherwise.
   * @param onChange given the runs' ids; `unknown`: hints were lost, and any run may have changed
   */
  abstract watchChanges(onChange: (runs: readonly string[] | 'unknown') => void): void;

  /**
   * @param id the run's own, or that of one of its segments
   * @returns undefined if there is none, it has expired, or it belongs to somebody else
   */
  abstract find(id: string, owner: string): Promise<LoggedRun | undefined>;

  /** Who a run belongs to; undefined if there is none. @param id the run's own */
  abstract findOwner(id: string): Promise<string | undefined>;

  /**
   * A secret of this store, the same for all who use it and as long as the store is there.
   * @param name what it is for
   * @param fresh becomes the secret if there is none of this name yet
   */
  abstract findSecret(name: string, fresh: string): Promise<string>;

  /** Lists the runs of one owner. @returns undefined if `after` is none of them */
  abstract list(query: RunQuery): Promise<RunPage | undefined>;

  /**
   * Keeps answers: all of them or none. They may be told to readers later. When none of the run's waits is open any more, the run is
   * queued again, with the next wake, and its new segment begins with its next event.
   * @returns the run as it is now; undefined if it does not wait, or one of these waits is not open
   */
  abstract answer(answers: NewAnswers): Promise<LoggedRun | undefined>;

  /** Begins a segment with the next event of a run that is at work in this attempt; else nothing happens. */
  abstract addSegment(attempt: RunAttempt, segment: { readonly id: string; readonly head: string }): Promise<void>;

  /** All that a run has ever waited for, in the order in which that was asked. @param run the run's own id */
  abstract findWaits(run: string): Promise<readonly KeptWait[]>;

  /** The run that has asked by this call; undefined if there is none, it has expired, or it belongs to somebody else. */
  abstract findRunOfCall(callId: string, owner: string): Promise<LoggedRun | undefined>;

  /**
   * Ends waits whose time has come, of runs that wait: these are queued again, with the next wake. Each wait is found by one process, in
   * portions.
   */
  abstract expireWaits(): Promise<ExpiredWaits>;

  /** What a run is asked, as JSON; undefined if there is no such run, or its log is gone. @param id the run's own */
  abstract findRequest(id: string): Promise<string | undefined>;

  /**
   * Finds runs that somebody should have taken up, in the order in which they came: none that wait for answers. Their heads are
   * empty. In a shared store: those that are due and have waited for 15 s since they came into the queue, and those that are at work
   * and have not said so for 30 s, which get the next wake; what one process finds, the others do not for as long again, and it comes in
   * portions. In one that is not shared: all that have not ended, those of this process among them.
   * @param left ids of runs that this process has left without saying so: they are found at once, unless another one has them
   * @param worker id of this process
   */
  abstract findLost(left: readonly string[], worker: string): Promise<readonly LoggedRun[]>;

  /**
   * Says that this process is alive; to be called every 5 s.
   * @param worker its id
   * @param offer what it has; nothing: it takes up no more runs
   */
  abstract beat(worker: string, offer: WorkerOffer): Promise<void>;

  /** True if a process has this that is alive, or was a moment ago. */
  abstract isOffered(kind: keyof WorkerOffer, name: string): Promise<boolean>;

  /** Says that a run is read, and from now on keeps when that was said last: it is to end when nobody reads it. */
  abstract bindToReaders(id: string): Promise<void>;

  /** Says that runs are read, as far as they are bound to their readers. */
  abstract markRead(ids: readonly string[]): Promise<void>;

  /**
   * For how long no other process has said that a bound run is read, in milliseconds.
   * @param worker id of this process
   * @returns undefined if it is not for this process to end it: it has ended, waits for an answer, or is at work elsewhere
   */
  abstract findUnreadTime(id: string, worker: string): Promise<number | undefined>;

  /** How many runs of one owner wait in the queue. */
  abstract countQueued(owner: string): Promise<number>;

  /** How many runs of all owners wait in the queue. */
  abstract countWaiting(): Promise<WaitingRuns>;

  /** How many waits of all owners are open. */
  abstract countOpenWaits(): Promise<UnansweredWaits>;

  /**
   * Removes a run with its log, and the documents that are kept of its segments.
   * @param id the run's own
   * @returns false if the owner has none of this id
   */
  abstract remove(id: string, owner: string): Promise<boolean>;
}
