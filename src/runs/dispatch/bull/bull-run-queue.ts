import { Logger } from '@nestjs/common';
import type { Job, Queue, Worker } from 'bullmq';
import { RateLimitedError } from '../../../errors/index.js';
import {
  Cancellation,
  type Clock,
  describeError,
  type Place,
  Semaphore,
  settleInTime,
  type Timer,
} from '../../../kernel/index.js';
import type { RunLogStore } from '../../store/run-log-store.js';
import type { BullBackend } from './bull-backend.js';
import {
  type BeginJob,
  HIGHEST_PRIORITY,
  type JobEnd,
  makeQueuedMessage,
  type MostAtWork,
  RETRY_AFTER_MS,
  type RunJob,
  RunQueue,
} from '../run-queue.js';

/** The queue of all workflows without a limit of their own. Those with one have a queue each. */
const NAME = 'runs';
/**
 * How long a process keeps a run without renewing its lock, how often it renews it, and how often other processes
 * search for runs whose lock has expired. A run continues in another process within 7 s of the death of its own
 * (measured: 5.1 s).
 */
const LOCK_MS = 5_000;
const RENEW_MS = 1_500;
const LOOK_FOR_STALLED_MS = 2_000;
/** BullMQ gives up jobs that stall this often. Here the store decides, by the deaths that it counts. */
const MOST_STALLS = 1_000_000;
/**
 * Pause before a run that its caller's limits hold back, or that belongs to another process, is tried again, in
 * milliseconds. A random part of up to the same length is added.
 */
const HOLD_MS = 1_000;
const HOLD_MORE_MS = 2_000;
/**
 * Pause before the queue is tried again after a failure, and how long adding a run waits for the queue. Milliseconds.
 */
const TRY_AGAIN_MS = 1_000;
const PUT_LIMIT_MS = 3_000;
/**
 * How long this process tries to tell the queue that it takes no more runs, in milliseconds. Otherwise the queue finds
 * out after {@link LOCK_MS}.
 */
const CLOSE_LIMIT_MS = 1_000;
/** How old the number of waiting runs may be, in milliseconds. */
const COUNT_EVERY_MS = 2_000;

/** How long a run waits for a place in this process before it is left to other processes, in milliseconds. */
const PLACE_LIMIT_MS = 1_000;

/** A queue while it is open. */
interface OpenQueue {
  readonly queue: Queue<RunJob>;
  readonly worker: Worker<RunJob> | undefined;
  /** How many of its runs may execute at the same time, in all processes together; undefined: any number. */
  readonly mostAtWork: number | undefined;
}

/** The open queues, by their names. {@link NAME} is always there. */
type OpenQueues = ReadonlyMap<string, OpenQueue>;

/** How many runs there may be. */
interface BullLimits {
  /** At work in this process. 0: it only queues runs. */
  readonly concurrency: number;
  /** Waiting runs of one caller, in all processes together. */
  readonly mostQueuedOfCaller: number;
  /** Active runs of single workflows. Read when the queues are opened. */
  readonly listMostAtWork: () => MostAtWork;
}

/**
 * A queue that processes share, based on BullMQ. A run that could not be added, or that the queue has lost, is queued
 * again by the process that finds it in the store.
 */
export class BullRunQueue extends RunQueue {
  readonly #logger = new Logger('Queue');
  readonly #backend: BullBackend;
  readonly #store: Pick<RunLogStore, 'countQueued'>;
  readonly #clock: Clock;
  readonly #limits: BullLimits;
  #begin: BeginJob | undefined;
  #opening: Promise<OpenQueues> | undefined;
  #retry: Timer | undefined;
  #isClosed = false;
  #isReported = false;
  readonly #works = new Set<Promise<JobEnd>>();
  readonly #places: Semaphore;
  #waiting = 0;
  /** In milliseconds of the monotonic clock. */
  #countedAt = Number.NEGATIVE_INFINITY;

  constructor(backend: BullBackend, store: Pick<RunLogStore, 'countQueued'>, clock: Clock, limits: BullLimits) {
    super();
    this.#backend = backend;
    this.#store = store;
    this.#clock = clock;
    this.#limits = limits;
    this.#places = new Semaphore(limits.concurrency);
  }

  override get atWork(): number {
    return this.#works.size;
  }

  override get waiting(): number {
    const now = this.#clock.monotonic();
    if (now - this.#countedAt >= COUNT_EVERY_MS) {
      this.#countedAt = now;
      void this.#count();
    }
    return this.#waiting;
  }

  override work(begin: BeginJob): void {
    if (this.#limits.concurrency > 0) this.#begin = begin;
    void this.#open().catch(() => undefined);
  }

  override async reserve(owner: string): Promise<() => void> {
    const { mostQueuedOfCaller } = this.#limits;
    if ((await this.#store.countQueued(owner)) >= mostQueuedOfCaller) {
      throw new RateLimitedError(makeQueuedMessage(mostQueuedOfCaller), 'requests', RETRY_AFTER_MS);
    }
    return () => undefined;
  }

  override put(job: RunJob): Promise<boolean> {
    return settleInTime(this.#tryToPut(job), this.#clock, PUT_LIMIT_MS, () => false);
  }

  /** Never rejects. */
  async #tryToPut(job: RunJob): Promise<boolean> {
    try {
      const queues = await this.#open();
      const open = queues.get(makeQueueName(job.workflow)) ?? findMain(queues);
      try {
        await this.#add(open, job);
      } catch (error) {
        if (!this.#backend.hasLostTables(error)) throw error;
        await this.#backend.prepare();
        await this.#add(open, job);
      }
      this.#tellOfRecovery();
      return true;
    } catch (error) {
      this.#tell(error);
      return false;
    }
  }

  async #add({ queue, mostAtWork }: OpenQueue, job: RunJob): Promise<void> {
    // Set each time: it may have been lost with the queue.
    if (mostAtWork !== undefined) await queue.setGlobalConcurrency(mostAtWork);
    await queue.add(job.workflow, job, {
      jobId: makeJobId(job),
      // BullMQ has the lowest number first, and 0 in front of all.
      priority: HIGHEST_PRIORITY + 1 - job.priority,
      delay: Math.max(0, job.runAt - this.#clock.now()),
      removeOnComplete: true,
      removeOnFail: true,
    });
  }

  override has(): boolean {
    return false;
  }

  override drop(job: Pick<RunJob, 'id' | 'wake'>): void {
    // A job that cannot be removed will find its run ended.
    const remove = ({ queue }: OpenQueue): unknown => queue.remove(makeJobId(job)).catch(() => undefined);
    void this.#opening?.then((queues) => [...queues.values()].forEach(remove)).catch(() => undefined);
  }

  override async close(): Promise<void> {
    this.#isClosed = true;
    this.#retry?.cancel();
    const queues = await this.#listOpen();
    const closing = queues.map(async ({ worker }) => worker?.close());
    while (this.#works.size > 0) await Promise.allSettled(this.#works);
    await this.#settleSoon(closing);
  }

  override async end(): Promise<void> {
    await this.close();
    const queues = await this.#listOpen();
    await this.#settleSoon(queues.map(({ queue }) => queue.close()));
    await this.#backend.close();
  }

  async #listOpen(): Promise<readonly OpenQueue[]> {
    const opening = this.#opening?.catch(() => undefined);
    // None of its runs executes before it is open.
    const queues = opening && (await settleInTime(opening, this.#clock, CLOSE_LIMIT_MS, () => undefined));
    return [...(queues?.values() ?? [])];
  }

  /** Never rejects. BullMQ waits for an unavailable queue until it is back. */
  async #settleSoon(promises: readonly Promise<void>[]): Promise<void> {
    await settleInTime(Promise.allSettled(promises), this.#clock, CLOSE_LIMIT_MS, () => undefined);
  }

  #open(): Promise<OpenQueues> {
    if (this.#opening !== undefined) return this.#opening;
    const opening = this.#tryToOpen();
    this.#opening = opening;
    opening.catch((error: unknown) => {
      this.#opening = undefined;
      this.#tell(error);
      if (!this.#isClosed)
        this.#retry = this.#clock.after(TRY_AGAIN_MS, () => void this.#open().catch(() => undefined));
    });
    return opening;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new Error('The server is shutting down');
  }

  async #tryToOpen(): Promise<OpenQueues> {
    this.#assertOpen();
    const { concurrency, listMostAtWork } = this.#limits;
    const most = [...listMostAtWork()].map(([workflow, count]) => [makeQueueName(workflow), count] as const);
    this.#backend.expectWorkers(most.length + 1);
    await this.#backend.prepare();
    this.#assertOpen();
    const queues = new Map([[NAME, this.#openOne(NAME, concurrency)]]);
    for (const [name, count] of most) queues.set(name, this.#openOne(name, Math.min(count, concurrency), count));
    this.#tellOfRecovery();
    return queues;
  }

  #openOne(name: string, concurrency: number, mostAtWork?: number): OpenQueue {
    const queue = this.#backend.makeQueue<RunJob>(name);
    queue.on('error', (error) => this.#recover(error));
    // Waiting jobs may have been added with another limit.
    if (mostAtWork !== undefined) queue.setGlobalConcurrency(mostAtWork).catch((error: Error) => this.#recover(error));
    let worker: Worker<RunJob> | undefined;
    if (this.#begin !== undefined) {
      worker = this.#backend.makeWorker<RunJob>(name, (job, token) => this.#work(job, token), {
        concurrency,
        lockDuration: LOCK_MS,
        lockRenewTime: RENEW_MS,
        stalledInterval: LOOK_FOR_STALLED_MS,
        maxStalledCount: MOST_STALLS,
        runRetryDelay: TRY_AGAIN_MS,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      });
      worker.on('error', (error) => this.#recover(error));
    }
    return { queue, worker, mostAtWork };
  }

  async #work(job: Job<RunJob>, token: string | undefined): Promise<void> {
    const place = await this.#takePlace();
    const work = place && this.#begin?.(job.data);
    let end: JobEnd = 'held';
    if (work !== undefined) {
      this.#works.add(work);
      end = await work;
      this.#works.delete(work);
    }
    place?.release();
    if (end !== 'held') return;
    const now = this.#clock.now();
    await job.moveToDelayed(now + HOLD_MS + (now % HOLD_MORE_MS), token);
    throw this.#backend.makeDelayedError();
  }

  /**
   * A place among the runs of this process, whose queues do not count each other's.
   * @returns undefined if none is free soon
   */
  async #takePlace(): Promise<Place | undefined> {
    const limit = new Cancellation();
    const timer = this.#clock.after(PLACE_LIMIT_MS, () => limit.abort(undefined));
    try {
      return await this.#places.acquire(limit);
    } catch {
      return undefined;
    } finally {
      timer.cancel();
    }
  }

  /** BullMQ recovers from most failures by itself. */
  #recover(failure: Error): void {
    if (isOfOneJob(failure)) return;
    this.#tell(failure);
    if (this.#backend.hasLostTables(failure)) void this.#makeTables();
  }

  /** Never rejects. */
  async #makeTables(): Promise<void> {
    try {
      await this.#backend.prepare();
    } catch (error) {
      this.#tell(error);
    }
  }

  async #count(): Promise<void> {
    try {
      const queues = [...(await this.#open()).values()];
      const counts = await Promise.all(queues.map(({ queue }) => queue.getJobCounts('waiting', 'prioritized')));
      this.#waiting = counts.flatMap((each) => Object.values(each)).reduce((sum, count) => sum + count, 0);
    } catch {
      // The previous number stays.
    }
  }

  #tellOfRecovery(): void {
    if (this.#isReported) this.#logger.log('The queue works again');
    this.#isReported = false;
  }

  /** Once, until it works again. */
  #tell(error: unknown): void {
    if (this.#isReported || this.#isClosed) return;
    this.#isReported = true;
    this.#logger.error(
      `The queue of runs cannot be used: ${describeError(error).message}. New runs are stored, and start when the queue is back.`,
    );
  }
}

/**
 * A job that another process has taken, or that is lost, is no failure of the queue: the store knows who owns the run.
 */
const isOfOneJob = (failure: Error & { readonly code?: unknown }): boolean =>
  typeof failure.code === 'number' || failure.message.startsWith('could not renew lock for job');

/**
 * A run that is queued again gets another job id, so that a wake-up at the end of a job is not taken for the same job.
 */
const makeJobId = ({ id, wake }: Pick<RunJob, 'id' | 'wake'>): string => `${id}-${wake}`;

/** BullMQ's names have no colon. */
const makeQueueName = (workflow: string): string => `${NAME}-${encodeURIComponent(workflow)}`;

function findMain(queues: OpenQueues): OpenQueue {
  const main = queues.get(NAME);
  if (main === undefined) throw new Error(`There is no queue "${NAME}"`);
  return main;
}
