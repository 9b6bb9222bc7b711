import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AppConfig } from '../../config/index.js';
import { formatStackForLog, IdempotencyKeyReusedError, OverloadedError, RunAbortedError } from '../../errors/index.js';
import { Cancellation, Clock, IdSource, settleInTime, sha256 } from '../../kernel/index.js';
import { Metrics } from '../../metrics/index.js';
import type { RunRequest } from '../../workflow/index.js';
import { LostRuns } from '../dispatch/lost-runs.service.js';
import { makeJob, RunQueue } from '../dispatch/run-queue.js';
import { RunService } from '../run.service.js';
import type { LoggedRun, NewLoggedRun, Repetition, RequestIdentity } from '../store/logged-run.js';
import { type LogPage, RunLogStore, type RunPage, type RunQuery } from '../store/run-log-store.js';
import { LogFollower, type LogSource } from './log-follower.js';
import type { LogHub, LogWait } from './log-hub.js';
import type { LoggedEvent } from './logged-event.js';
import { type KeptRequest, type LoggedWork, type RunToLog, USUAL_PRIORITY } from './logged-work.js';
import { LoggedWorks } from './logged-works.service.js';
import type { OpenLog } from './open-log.js';
import { hashWorkflow } from './resume-run.js';
import type { RunDoor } from './run-door.js';
import { RunWaits } from './run-waits.service.js';
import { writeSortedJson } from './sorted-json.js';

/** For how long whoever cancels a run waits for a store that takes nothing, and how often that is looked at. Milliseconds. */
const STORE_LIMIT_MS = 2_000;
const LOOK_AT_STORE_MS = 1_000;
/** How soon a client is to ask again for a run that nobody works on at the moment, in milliseconds. */
const RETRY_AFTER_MS = 2_000;
/** For how long they wait for another process: longer than it takes until one goes on with the runs of one that died. */
const OTHER_LIMIT_MS = 20_000;

/**
 * Runs that outlive the requests that began them: each is written into its log and read from there, by any number of readers. At
 * most `RUNS_CONCURRENCY` of them are at work, the others wait.
 */
@Injectable()
export class LoggedRuns implements OnApplicationBootstrap, OnApplicationShutdown, LogSource {
  readonly #logger = new Logger('Runs');
  readonly #hub: LogHub;
  #isClosed = false;
  /** Readers that want the same share a reading. */
  readonly #readings = new Map<string, Promise<LogPage | 'released' | undefined>>();

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly store: RunLogStore,
    private readonly runs: RunService,
    private readonly queue: RunQueue,
    private readonly works: LoggedWorks,
    private readonly lost: LostRuns,
    private readonly waits: RunWaits,
    private readonly metrics: Metrics,
    private readonly adapterHost: HttpAdapterHost,
  ) {
    this.#hub = works.hub;
    works.watchLeft((id) => void this.#endLeft(id));
    works.watchReleased((job) => this.lost.put(job));
  }

  /** Runs that a process has left behind go on. */
  async onApplicationBootstrap(): Promise<void> {
    // Commands that serve nothing leave the runs to the server.
    if ((this.adapterHost.httpAdapter as unknown) === undefined) return;
    this.#showNumbers();
    if (!this.store.isOn) return;
    const shutdown = new Cancellation();
    shutdown.addEventListener('abort', () => this.#close());
    this.runs.trackWait(shutdown);
    this.queue.work(this.works.begin);
    if (this.store.isShared) this.works.beat();
    void this.waits.checkStore();
    if (!this.store.isShared && !(await this.store.hasEarlier())) return;
    void this.lost.watch();
    void this.waits.watch();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#close();
    await this.queue.end();
  }

  /** The server is shutting down: this process begins no more runs, and those that wait begin in another one. */
  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.lost.close();
    this.waits.close();
    this.works.sayGoodbye();
    this.runs.holdOpen('the queue of runs', this.queue.close());
    this.#hub.close();
    if (this.config.store.handover === 'now') this.works.handOver();
  }

  /** False: no run can have a log. */
  get isOn(): boolean {
    return this.store.isOn;
  }

  /** True once the server is shutting down: runs that have not ended by the end of its time go on in the next process. */
  get isDraining(): boolean {
    return this.runs.draining;
  }

  /** To be called by each door before the application starts. */
  addDoor(door: RunDoor): void {
    this.works.addDoor(door);
  }

  /**
   * Begins a run as soon as there is a place for it. When this resolves, it is kept, and can be followed.
   * @returns the run, and whether an equal request has begun it before: then the permit of this one is to be ended by the caller, and
   *   it does not matter how many wait
   * @throws RateLimitedError, OverloadedError if too many wait, the store is away, or the server is shutting down;
   *   IdempotencyKeyReusedError if another request of this caller had the same key
   */
  async start(asked: RunToLog): Promise<StartedRun> {
    const { owner, record } = asked;
    this.works.assertDoor(asked.door);
    const shutdown = new Cancellation();
    const untrack = this.runs.trackWait(shutdown);
    const identity = makeIdentity(asked);
    let leaveQueue: (() => void) | undefined;
    try {
      leaveQueue = await this.queue.reserve(owner);
    } catch (error) {
      untrack();
      const earlier = identity && (await this.store.findRepeated(owner, identity));
      if (earlier === undefined) throw error;
      return makeRepeated(earlier);
    }
    try {
      const run = this.#makeRun(asked);
      const creation = await this.store.create({ ...run, ...makeKept(asked), identity });
      if (creation.kind !== 'created') return makeRepeated(creation);
      if (record !== undefined) this.works.keepRecord(run.id, record);
      if (asked.endsWhenLeft === true) this.works.audience.bind(run.id);
      await this.lost.put(makeJob(run));
      return { run, isRepeated: false };
    } finally {
      untrack();
      leaveQueue();
    }
  }

  #makeRun(asked: RunToLog): LoggedRun {
    const { owner, door, workflow, request, head, permit, segment, metadata = {}, priority = USUAL_PRIORITY } = asked;
    const createdAt = this.clock.now();
    return {
      id: `run_${this.ids.runId()}`,
      owner,
      door,
      workflow: workflow.id,
      workflowVersion: workflow.version,
      model: request.model,
      createdAt,
      runAt: Math.max(asked.runAt ?? createdAt, createdAt),
      priority,
      metadata,
      head,
      admission: permit.kept,
      status: 'queued',
      epoch: 0,
      wake: 0,
      startedAt: undefined,
      activeMs: 0,
      aliveAt: undefined,
      deaths: 0,
      isCancelled: false,
      ending: undefined,
      length: 0,
      hasLog: true,
      segments: segment === undefined ? [] : [{ id: segment, from: 0, head: undefined }],
    };
  }

  /**
   * @param id the run's own, or that of one of its segments. All other methods need the run's own
   * @returns undefined if there is none, it has expired, or it belongs to somebody else
   */
  async find(id: string, owner: string): Promise<LoggedRun | undefined> {
    const run = await this.store.find(id, owner);
    if (run === undefined || run.ending !== undefined || run.status === 'waiting' || !this.#isLost(run.id)) return run;
    await this.lost.look();
    return this.store.find(id, owner);
  }

  /** See `RunLogStore.list`. */
  list(query: RunQuery): Promise<RunPage | undefined> {
    return this.store.list(query);
  }

  /** See `RunLogStore.findOwner`. */
  findOwner(id: string): Promise<string | undefined> {
    return this.store.findOwner(id);
  }

  /** A secret that all who use this store share. @param name what it is for */
  findSecret(name: string): Promise<string> {
    return this.store.findSecret(name, this.ids.replicaId());
  }

  /** What its door wanted to have back; undefined if there is no such run. */
  async findMemo(id: string): Promise<unknown> {
    const json = await this.store.findRequest(id);
    return json === undefined ? undefined : (JSON.parse(json) as KeptRequest).memo;
  }

  /** What a run was asked; undefined if there is no such run, or that has expired with its log. */
  async findRequest(id: string): Promise<RunRequest | undefined> {
    const json = await this.store.findRequest(id);
    return json === undefined ? undefined : (JSON.parse(json) as KeptRequest).request;
  }

  /** Reads a log. Its reader must be closed. @param from number of the first event that is wanted */
  follow(id: string, from = 0): LogFollower {
    const leave = this.works.audience.join(id);
    return new LogFollower(this, { id, from }, () => {
      leave();
      this.works.forgetRecord(id);
    });
  }

  /** What a log has now. @param from number of the first event that is wanted */
  async *readSoFar(id: string, from = 0): AsyncGenerator<LoggedEvent> {
    for (let next = from; ;) {
      const page = await this.store.read(id, next);
      if (page === undefined || page.events.length === 0) return;
      next += page.events.length;
      yield* page.events;
    }
  }

  /**
   * Ends a run before its end, and waits until that is in its log.
   * @returns the run as it has ended: maybe otherwise, now or before; undefined as for {@link find}
   * @throws OverloadedError if its end cannot be kept now: it ends as soon as that can be
   */
  async cancel(id: string, owner: string): Promise<LoggedRun | undefined> {
    const run = await this.find(id, owner);
    if (run === undefined || run.ending !== undefined) return run;
    // Whatever becomes of this process, the run is not begun again.
    await this.store.markCancelled(run.id);
    const isEnded = this.works.find(run.id) === undefined && (await this.#endIdle(run));
    if (!isEnded) {
      const work = this.works.find(run.id);
      work?.cancel();
      if (work === undefined) await this.#waitForOther(run);
      else await this.#waitForEnd(work);
    }
    const ended = await this.find(id, owner);
    // It had begun to wait for an answer before it was told.
    if (ended?.status === 'waiting' && (await this.#endIdle(ended))) return this.find(id, owner);
    // Its process may have left it before its end.
    if (ended !== undefined && ended.ending === undefined) throw this.#makeNotEndedError();
    return ended;
  }

  /** @returns false if somebody works on the run, or it has ended */
  async #endIdle(run: LoggedRun): Promise<boolean> {
    if (this.store.isShared && run.status === 'running') return false;
    if (!(await this.works.endIdle(run, new RunAbortedError('cancelled')))) return false;
    this.queue.drop(run);
    return true;
  }

  /** @throws OverloadedError if the store takes nothing for a while */
  async #waitForEnd({ ended }: LoggedWork): Promise<void> {
    const over = ended.then(() => true);
    while (!(await settleInTime(over, this.clock, LOOK_AT_STORE_MS, () => false))) {
      if (this.works.failingForMs >= STORE_LIMIT_MS) throw this.#makeNotEndedError();
    }
  }

  /** Another process is to end the run. Resolves when it has, or could have. */
  async #waitForOther({ id, owner, length }: LoggedRun): Promise<void> {
    const limit = this.clock.monotonic() + OTHER_LIMIT_MS;
    let from = length;
    for (let leftMs = OTHER_LIMIT_MS; leftMs > 0; leftMs = limit - this.clock.monotonic()) {
      const { news, leave } = this.#hub.wait(id, from);
      try {
        const run = await this.store.find(id, owner);
        if (run === undefined || run.ending !== undefined || run.status === 'waiting') return;
        from = run.length;
        if ((await settleInTime(news, this.clock, Math.min(leftMs, LOOK_AT_STORE_MS), () => 'look')) === 'released')
          return;
      } finally {
        leave();
      }
    }
  }

  /** A run ends that nobody reads any more. Never rejects. */
  async #endLeft(id: string): Promise<void> {
    try {
      const owner = await this.store.findOwner(id);
      if (owner !== undefined) await this.cancel(id, owner);
    } catch (error) {
      // Whoever has it at work sees that it is to end, or it is begun to be ended.
      if (!(error instanceof OverloadedError))
        this.#logger.error(`The run ${id} cannot be ended`, formatStackForLog(error));
    }
  }

  #makeNotEndedError(): OverloadedError {
    return new OverloadedError(
      'The run is being cancelled, and its end could not be kept yet. Send the request again in a moment.',
      { code: this.runs.draining ? 'server_shutting_down' : 'store_unavailable', retryAfterMs: RETRY_AFTER_MS },
    );
  }

  /**
   * Removes a run with its log; one that has not ended is cancelled before.
   * @returns false if {@link find} does not find it
   * @throws OverloadedError as {@link cancel}
   */
  async remove(id: string, owner: string): Promise<boolean> {
    if ((await this.cancel(id, owner)) === undefined) return false;
    return this.store.remove(id, owner);
  }

  findOpen(id: string): OpenLog | undefined {
    return this.works.findOpen(id);
  }

  wait(id: string, from: number): LogWait {
    return this.#hub.wait(id, from);
  }

  findQuietTime(id: string): number | undefined {
    return this.queue.has(id) ? this.clock.now() : undefined;
  }

  read(id: string, from: number): Promise<LogPage | 'released' | undefined> {
    const key = `${from} ${id}`;
    let reading = this.#readings.get(key);
    if (reading === undefined) {
      reading = this.#read(id, from).finally(() => this.#readings.delete(key));
      this.#readings.set(key, reading);
    }
    return reading;
  }

  async #read(id: string, from: number): Promise<LogPage | 'released' | undefined> {
    const page = await this.store.read(id, from);
    if (page === undefined || page.isOver || page.events.length > 0) return page;
    if (this.works.find(id) === undefined && this.runs.draining) return 'released';
    if (!this.#isLost(id) || (await this.#isWaiting(id))) return page;
    await this.lost.look();
    return this.#isLost(id) ? ((await this.#readEnd(id, from)) ?? 'released') : page;
  }

  async #isWaiting(id: string): Promise<boolean> {
    const owner = await this.store.findOwner(id);
    return owner !== undefined && (await this.store.find(id, owner))?.status === 'waiting';
  }

  /** True if it is known that nobody has the run, unless it has ended or waits for an answer. */
  #isLost(id: string): boolean {
    return !this.store.isShared && this.works.find(id) === undefined && !this.queue.has(id);
  }

  /** What a run that is not at work has behind a number; undefined if it has not ended. */
  async #readEnd(id: string, from: number): Promise<LogPage | undefined> {
    const page = await this.store.read(id, from);
    return page === undefined || page.isOver || page.events.length > 0 ? page : undefined;
  }

  #showNumbers(): void {
    this.metrics.showNumber({
      name: 'millrace_background_runs',
      help: 'Runs in the background that are at work.',
      value: () => this.queue.atWork,
    });
    this.metrics.showNumber({
      name: 'millrace_queued_background_runs',
      help: 'Runs in the background that wait because RUNS_CONCURRENCY are at work. Processes that share a queue all show the whole of it.',
      value: () => this.queue.waiting,
      ...(this.store.isShared && { together: 'max' }),
    });
  }
}

/** A run that was asked for. */
export interface StartedRun {
  readonly run: LoggedRun;
  /** True if it was there already. */
  readonly isRepeated: boolean;
}

/** What is kept of what a run is asked, beside the facts that lists tell. */
function makeKept(asked: RunToLog): MoreOfRun {
  const { request, memo, origin, wantsContent, workflow, segment, endsWhenLeft = false } = asked;
  const kept: KeptRequest = {
    request,
    memo,
    origin,
    wantsContent,
    endsWhenLeft,
    workflowHash: hashWorkflow(workflow),
  };
  return { request: JSON.stringify(kept), segment };
}

type MoreOfRun = Pick<NewLoggedRun, 'request' | 'segment'>;

function makeIdentity({ identity }: RunToLog): RequestIdentity | undefined {
  return identity && { key: identity.key, hash: sha256(writeSortedJson(identity.body)) };
}

/** @throws IdempotencyKeyReusedError */
function makeRepeated(earlier: Repetition): StartedRun {
  if (earlier.kind === 'reused') throw new IdempotencyKeyReusedError();
  return { run: earlier.run, isRepeated: true };
}
