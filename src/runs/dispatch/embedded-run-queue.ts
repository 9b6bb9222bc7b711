import { OverloadedError, RateLimitedError } from '../../errors/index.js';
import { type Clock, MAX_TIMER_MS, type Timer } from '../../kernel/index.js';
import {
  type BeginJob,
  HIGHEST_PRIORITY,
  makeQueuedMessage,
  type MostAtWork,
  RETRY_AFTER_MS,
  type RunJob,
  RunQueue,
} from './run-queue.js';

/** Most runs that may wait in one process. */
const MOST_WAITING = 10_000;
/** Pause before a run that its caller's limits hold back is tried again, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/** How many runs there may be. */
interface RunQueueLimits {
  /** At work. */
  readonly concurrency: number;
  /** Waiting runs of one caller. */
  readonly mostQueuedOfCaller: number;
  /** Active runs of single workflows. Read when the first run comes. Absent: no workflow has a limit of its own. */
  readonly listMostAtWork?: () => MostAtWork;
}

/** A queue in the memory of one process. The store fills it after a start. */
export class EmbeddedRunQueue extends RunQueue {
  readonly #clock: Clock;
  readonly #limits: RunQueueLimits;
  /** Due runs by priority, the highest first. */
  readonly #due = Array.from({ length: HIGHEST_PRIORITY + 1 }, () => new Set<RunJob>());
  /** All waiting runs by their ids, with a timer until they are due. */
  readonly #jobs = new Map<string, { readonly job: RunJob; delay: Timer | undefined }>();
  /** Runs that wait or are about to wait, by their callers. */
  readonly #ofOwners = new Map<string, number>();
  #reserved = 0;
  #atWork = 0;
  #most: MostAtWork | undefined;
  /** Active runs by their workflows. */
  readonly #ofWorkflows = new Map<string, number>();
  #begin: BeginJob | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock, limits: RunQueueLimits) {
    super();
    this.#clock = clock;
    this.#limits = limits;
  }

  override get atWork(): number {
    return this.#atWork;
  }

  override get waiting(): number {
    return this.#due.reduce((sum, { size }) => sum + size, 0);
  }

  override work(begin: BeginJob): void {
    this.#begin = begin;
    this.#fill();
  }

  override reserve(owner: string): Promise<() => void> {
    const { mostQueuedOfCaller } = this.#limits;
    if ((this.#ofOwners.get(owner) ?? 0) >= mostQueuedOfCaller) {
      return Promise.reject(new RateLimitedError(makeQueuedMessage(mostQueuedOfCaller), 'requests', RETRY_AFTER_MS));
    }
    if (this.#reserved >= MOST_WAITING) {
      const message = 'Too many runs wait to be started. Send the request again in a moment.';
      return Promise.reject(new OverloadedError(message, { code: 'overloaded', retryAfterMs: RETRY_AFTER_MS }));
    }
    this.#count(owner, 1);
    return Promise.resolve(() => this.#count(owner, -1));
  }

  override put(job: RunJob): Promise<boolean> {
    if (!this.#jobs.has(job.id)) {
      this.#jobs.set(job.id, { job, delay: undefined });
      this.#count(job.owner, 1);
      this.#enter(job);
    }
    return Promise.resolve(true);
  }

  override has(id: string): boolean {
    return this.#jobs.has(id);
  }

  override drop({ id }: Pick<RunJob, 'id'>): void {
    const waiting = this.#jobs.get(id);
    if (waiting === undefined) return;
    waiting.delay?.cancel();
    this.#remove(waiting.job);
  }

  override close(): Promise<void> {
    this.#begin = undefined;
    this.#timer?.cancel();
    for (const { job } of this.#jobs.values()) this.drop(job);
    return Promise.resolve();
  }

  override end(): Promise<void> {
    return this.close();
  }

  #count(owner: string, more: number): void {
    this.#reserved += more;
    const count = (this.#ofOwners.get(owner) ?? 0) + more;
    if (count > 0) this.#ofOwners.set(owner, count);
    else this.#ofOwners.delete(owner);
  }

  #enter(job: RunJob): void {
    const waiting = this.#jobs.get(job.id);
    if (waiting === undefined) return;
    const waitMs = job.runAt - this.#clock.now();
    if (waitMs > 0) {
      waiting.delay = this.#clock.after(Math.min(waitMs, MAX_TIMER_MS), () => this.#enter(job));
      return;
    }
    waiting.delay = undefined;
    this.#findDue(job).add(job);
    this.#fill();
  }

  #remove(job: RunJob): void {
    this.#findDue(job).delete(job);
    this.#jobs.delete(job.id);
    this.#count(job.owner, -1);
  }

  #findDue({ priority }: RunJob): Set<RunJob> {
    return this.#due[HIGHEST_PRIORITY - priority] as Set<RunJob>;
  }

  /** True if no more runs of a workflow may be at work now. */
  #isFull(workflow: string): boolean {
    this.#most ??= this.#limits.listMostAtWork?.() ?? new Map();
    const most = this.#most.get(workflow);
    return most !== undefined && (this.#ofWorkflows.get(workflow) ?? 0) >= most;
  }

  #countAtWork(workflow: string, more: number): void {
    this.#atWork += more;
    const count = (this.#ofWorkflows.get(workflow) ?? 0) + more;
    if (count > 0) this.#ofWorkflows.set(workflow, count);
    else this.#ofWorkflows.delete(workflow);
  }

  #fill(): void {
    const heldBack = new Set<string>();
    for (const due of this.#due) {
      for (const job of due) {
        if (this.#begin === undefined || this.#atWork >= this.#limits.concurrency) return;
        if (heldBack.has(job.owner) || this.#isFull(job.workflow)) continue;
        const work = this.#begin(job);
        if (work === undefined) {
          heldBack.add(job.owner);
          continue;
        }
        this.#remove(job);
        this.#countAtWork(job.workflow, 1);
        void work.then((end) => {
          this.#countAtWork(job.workflow, -1);
          if (end === 'held') void this.put({ ...job, runAt: this.#clock.now() + LOOK_AGAIN_MS });
          this.#fill();
        });
      }
    }
    if (heldBack.size === 0 || this.#timer !== undefined) return;
    // Other runs of the caller can end at any time without notice.
    this.#timer = this.#clock.after(LOOK_AGAIN_MS, () => {
      this.#timer = undefined;
      this.#fill();
    });
  }
}
