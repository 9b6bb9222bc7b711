import type { OpenWait } from '../../engine/index.js';
import type { RunError } from '../../errors/index.js';
import type { JsonObject, JsonValue } from '../../kernel/index.js';
import type { FinishReason, Usage } from '../../models/index.js';
import type { LoggedEvent } from '../log/logged-event.js';

/** Where a logged run stands. `waiting`: for answers, and nobody works on it. The last three never change. */
export type LoggedStatus = 'queued' | 'running' | 'waiting' | 'completed' | 'failed' | 'cancelled';

/** How a run has ended. */
export type EndedStatus = Exclude<LoggedStatus, 'queued' | 'running' | 'waiting'>;

/** What a client sees of a run under an id of its own, such as a completion or a response: the events from one number on. */
export interface RunSegment {
  /** Nobody can guess it. */
  readonly id: string;
  /** Number of its first event. */
  readonly from: number;
  /** What its door needs to tell it to clients, as JSON that the store does not look into; undefined: as that of the run. */
  readonly head: string | undefined;
}

/** What makes a repeated request the same request. */
export interface RequestIdentity {
  /** What the client calls it; one owner has it once. */
  readonly key: string;
  /** Hash of what it asks. */
  readonly hash: string;
}

/** What is known of a run before it begins, and never changes. */
interface RunFacts {
  /** Nobody can guess it. */
  readonly id: string;
  /** Id of the caller that it belongs to. For all others it does not exist. */
  readonly owner: string;
  /** Name of the door that tells it to clients. */
  readonly door: string;
  /** Id of its workflow. */
  readonly workflow: string;
  /** The version that the workflow's author gave it; undefined: none. */
  readonly workflowVersion: string | undefined;
  /** The name that the client asked for. */
  readonly model: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /** When it is to begin at the earliest, in milliseconds since the Unix epoch. */
  readonly runAt: number;
  /** From 0 to 9; those with 9 come first. */
  readonly priority: number;
  /** What its client wants to find again with it. */
  readonly metadata: JsonObject;
  /** What its door needs to tell it to clients, as JSON that the store does not look into. */
  readonly head: string;
  /** What lets it in once more, in another process: `QueuedPermit.kept`. */
  readonly admission: JsonObject;
}

/** A run that is to have a log. */
export interface NewLoggedRun extends RunFacts {
  /** What it is asked, as JSON. */
  readonly request: string;
  /** Id of its first segment; undefined: clients know it by its own id. */
  readonly segment?: string | undefined;
  /** Undefined: each request is another one. */
  readonly identity?: RequestIdentity | undefined;
}

/** How a run ended, in what its last event says. */
export interface LoggedEnding {
  readonly status: EndedStatus;
  /** Milliseconds since the Unix epoch. */
  readonly finishedAt: number;
  readonly finishReason?: FinishReason | undefined;
  readonly usage?: Usage | undefined;
  /** True if more may have been used than is known. */
  readonly isUsageIncomplete?: true | undefined;
  readonly error?: RunError | undefined;
  /** The step that failed. */
  readonly node?: string | undefined;
  /** What it has said as content; absent if it has not completed, or that is long: then only the log has it. */
  readonly output?: string | undefined;
  /** What its workflow returned; absent if its clients may not know it, or it is text, which the output is. */
  readonly result?: JsonValue | undefined;
}

/** A run that has a log. */
export interface LoggedRun extends RunFacts {
  readonly status: LoggedStatus;
  /** How often it was begun. Whoever writes under an older number is refused. */
  readonly epoch: number;
  /** How often it has come back into the queue: what was put there for another time is out of date. */
  readonly wake: number;
  /** When it began for the first time, in milliseconds since the Unix epoch; undefined: it has not. */
  readonly startedAt: number | undefined;
  /** How long it was at work in all attempts up to {@link LoggedRun.aliveAt}, in milliseconds. */
  readonly activeMs: number;
  /** When it was at work the last time that anybody knows of, in milliseconds since the Unix epoch; undefined: never. */
  readonly aliveAt: number | undefined;
  /** How often in a row it was at work when its process died or was frozen, without a step that finished meanwhile. */
  readonly deaths: number;
  /** True once it was asked to be cancelled: it is not begun again. */
  readonly isCancelled: boolean;
  /** Undefined until it has ended. */
  readonly ending: LoggedEnding | undefined;
  /** Number of its events, which is that of the next one. */
  readonly length: number;
  /** False once its log, and what it was asked, have expired or were made room of. */
  readonly hasLog: boolean;
  /** In the order of their first events; empty: clients know it by its own id. */
  readonly segments: readonly RunSegment[];
}

/** What a key that came before stands for: the same was asked then; it came with something else. */
export type Repetition = { readonly kind: 'exists'; readonly run: LoggedRun } | { readonly kind: 'reused' };

/** What became of a run that was to be created: it is there now, or its key came before. */
export type Creation = { readonly kind: 'created' } | Repetition;

/** What came of a wait. */
export interface WaitOutcome {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** What was answered; undefined: nothing, in time. */
  readonly value?: JsonValue | undefined;
  /** True if nobody has answered in time. */
  readonly isExpired?: true | undefined;
  /** Id of the segment that whoever answered was to be told. */
  readonly segment?: string | undefined;
  /** How many waits of the run were over before. Those that were answered at once are in the order of the answers. */
  readonly order: number;
}

/** A wait as it is kept. */
export interface KeptWait extends OpenWait {
  /** Undefined: none, and it is open unless its run has ended. */
  readonly answer: WaitOutcome | undefined;
}

/** Answers to waits of one run. */
export interface NewAnswers {
  /** The run's own id. */
  readonly run: string;
  /** At least one, each to another wait. */
  readonly values: readonly {
    /** See {@link OpenWait.node}. */
    readonly node: string;
    readonly json: string;
  }[];
  /** What whoever answers is told by; undefined: the run's own id. */
  readonly segment?: { readonly id: string; readonly head: string } | undefined;
}

/** Waits whose time has come. */
export interface ExpiredWaits {
  /** Their runs, which are in the queue now. */
  readonly runs: readonly LoggedRun[];
  /**
   * When the next one expires, in milliseconds since the Unix epoch; undefined: none does. In the past if there are more than are taken
   * at once, or another process is about to take them.
   */
  readonly nextAt: number | undefined;
}

/** Waits that nobody has answered, of all owners. */
export interface UnansweredWaits {
  readonly open: number;
  /** When the oldest of them was asked, in milliseconds since the Unix epoch; undefined: there is none. */
  readonly oldestAt: number | undefined;
}

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

/** A step that has finished: it never runs again. */
export interface KeptStep {
  /** Its key in the run. */
  readonly node: string;
  readonly json: string;
}

/** An attempt at a run. */
export interface RunAttempt {
  readonly id: string;
  readonly epoch: number;
}

/** What one run has to say in one commit. */
export interface LogBatch {
  readonly run: string;
  readonly epoch: number;
  /** Number of the first of its events: that of the last one before, and one. */
  readonly first: number;
  /** JSON of each. */
  readonly events: readonly string[];
  /** Steps that have finished with them; absent: none. */
  readonly steps?: readonly KeptStep[];
  /**
   * What it waits for from now on, in order: nobody has it at work any more, and nobody has died. Those that it has waited for before, by
   * the keys of their steps, are kept as they are. Absent: it does not wait.
   */
  readonly waits?: readonly OpenWait[];
  /** How it ended with them; absent: it has not. */
  readonly ending?: LoggedEnding;
}

/** What became of a batch. */
export interface AppendVerdict {
  /** False if there is no such run, it is over, it was begun again by somebody else, or the events would leave a gap. */
  readonly isKept: boolean;
  /** True if the run was asked to be cancelled, by this process or another. */
  readonly isCancelled: boolean;
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
   * work is dead.
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
  abstract release(attempts: readonly RunAttempt[]): Promise<void>;

  /** Keeps that a run is to end before its end, unless it is over. @param id the run's own */
  abstract markCancelled(id: string): Promise<void>;

  /** Makes the log of a run that is over smaller. Nobody who reads it notices. */
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
   * and have not said so for 30 s; what one process finds, the others do not for as long again, and it comes in portions. In one that
   * is not shared: all that have not ended, those of this process among them.
   * @param left ids of runs that this process has left without saying so: they are found at once, unless another one has them
   * @param worker id of this process
   */
  abstract findLost(left: readonly string[], worker: string): Promise<readonly LoggedRun[]>;

  /**
   * Says that this process is alive; to be called every 5 s.
   * @param worker its id
   * @param graphs hashes and ids of the workflows that it has, and whatever else others may lack; empty: it takes up no more runs
   */
  abstract beat(worker: string, graphs: readonly string[]): Promise<void>;

  /** True if a process that is alive has this workflow, or was a moment ago. @param graph hash or id of the workflow */
  abstract isGraphAlive(graph: string): Promise<boolean>;

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
