import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AppConfig } from '../../config/index.js';
import {
  formatStackForLog,
  IdempotencyKeyReusedError,
  type MillraceError,
  OverloadedError,
  WorkflowChangedError,
} from '../../errors/index.js';
import { Clock, IdSource, isJsonObject, settleInTime, sha256, type Timer } from '../../kernel/index.js';
import { Metrics } from '../../metrics/index.js';
import { type CompiledWorkflow, type RunRequest, WorkflowRegistry } from '../../workflow/index.js';
import { RunService } from '../run.service.js';
import { RunWorker } from '../run-worker.js';
import { DocumentStore } from '../store/document-store.js';
import {
  type LoggedRun,
  type LogPage,
  type NewLoggedRun,
  type Repetition,
  type RequestIdentity,
  RunLogStore,
  type RunPage,
  type RunQuery,
} from '../store/run-log-store.js';
import { Audience } from './audience.js';
import { LogFollower, type LogSource } from './log-follower.js';
import { LogWriter } from './log-writer.js';
import { type LoggedEvent, makeLoggedEvent } from './logged-event.js';
import {
  type KeptRequest,
  LoggedWork,
  makeFailed,
  type RunToLog,
  USUAL_PRIORITY,
  type WorkTools,
} from './logged-work.js';
import { OpenLog } from './open-log.js';
import { hashWorkflow } from './resume-run.js';
import type { RunDoor } from './run-door.js';
import { MOST_WAITING, RunPlaces } from './run-places.js';
import { readEnding } from './run-recorder.js';

/** How soon runs of an earlier process are looked for again where the store is away, in milliseconds. */
const LOOK_AGAIN_MS = 2_000;
/** How often runs say that they are at work still, in milliseconds: so exactly is their time known when their process dies. */
const ALIVE_EVERY_MS = 5_000;
/** For how long whoever cancels a run waits for a store that takes nothing, and how often that is looked at. Milliseconds. */
const STORE_LIMIT_MS = 2_000;
const LOOK_AT_STORE_MS = 1_000;
/** How soon a client is to ask again for a run that nobody works on at the moment, in milliseconds. */
const RETRY_AFTER_MS = 2_000;
/** Most characters of one log. */
const LONGEST_LOG = 64 * 1024 ** 2;

/**
 * Runs that outlive the requests that began them: each is written into its log and read from there, by any number of readers. At
 * most `RUNS_CONCURRENCY` of them are at work, the others wait.
 */
@Injectable()
export class LoggedRuns implements OnApplicationBootstrap, LogSource {
  readonly #logger = new Logger('Runs');
  /** Those that wait or are at work in this process, by id. */
  readonly #works = new Map<string, LoggedWork>();
  readonly #writer: LogWriter;
  readonly #places: RunPlaces;
  readonly #audience: Audience;
  readonly #tools: WorkTools;
  /** Readers that want the same share a reading. */
  readonly #readings = new Map<string, Promise<LogPage | 'released' | undefined>>();
  readonly #doors = new Map<string, RunDoor>();
  /** Runs that were left while the store was away: nobody has died. */
  readonly #left = new Set<string>();
  readonly #alive: Timer;
  #resuming: Promise<void> | undefined;
  #lookAgain: Timer | undefined;

  constructor(
    config: AppConfig,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly store: RunLogStore,
    private readonly documents: DocumentStore,
    private readonly runs: RunService,
    private readonly workflows: WorkflowRegistry,
    private readonly metrics: Metrics,
    private readonly adapterHost: HttpAdapterHost,
    worker: RunWorker,
  ) {
    const { concurrency, mostQueuedOfCaller, timeoutMs, leaveGraceMs } = config.store;
    // A run whose log takes nothing any more would go on for nobody.
    this.#writer = new LogWriter(store, clock, ({ id }) => this.#works.get(id)?.abandon());
    this.#places = new RunPlaces(clock, concurrency, mostQueuedOfCaller, MOST_WAITING);
    this.#audience = new Audience(clock, leaveGraceMs, (id) => this.#works.get(id)?.cancel());
    this.#tools = {
      runs,
      store,
      worker: worker.id,
      places: this.#places,
      audience: this.#audience,
      clock,
      timeoutMs,
      longestLog: LONGEST_LOG,
      onResumed: (workflow) => this.metrics.instruments.resumptions.inc({ workflow }),
      onStoreAway: (id) => {
        this.#left.add(id);
        this.#resumeLater();
      },
      onFault: (id, error) => this.#report(id, error),
    };
    this.#alive = clock.after(ALIVE_EVERY_MS, () => void this.#keepAlive());
    this.#alive.cancel();
    store.watchLoss(() => {
      for (const [id, work] of this.#works) {
        this.#left.add(id);
        work.abandon();
      }
      this.#resumeLater();
    });
  }

  /** Runs that a process has left behind go on. */
  async onApplicationBootstrap(): Promise<void> {
    // Commands that serve nothing leave the folder to the server.
    if ((this.adapterHost.httpAdapter as unknown) === undefined) return;
    this.#showNumbers();
    if (this.store.isOn && (await this.store.hasEarlier())) void this.#resumeEarlier();
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
    this.#doors.set(door.name, door);
  }

  /**
   * Begins a run as soon as there is a place for it. When this resolves, it is kept, and can be followed.
   * @returns the run, and whether an equal request has begun it before: then the permit of this one is to be ended by the caller, and
   *   it does not matter how many wait
   * @throws RateLimitedError, OverloadedError if too many wait, the store is away, or the server is shutting down;
   *   IdempotencyKeyReusedError if another request of this caller had the same key
   */
  async start(asked: RunToLog): Promise<StartedRun> {
    const { owner } = asked;
    const door = this.#doors.get(asked.door);
    if (door === undefined) throw new Error(`There is no door "${asked.door}": addDoor() has to come before`);
    const identity = makeIdentity(asked);
    let leaveQueue: () => void;
    try {
      leaveQueue = this.#places.reserve(owner);
    } catch (error) {
      const earlier = identity && (await this.store.findRepeated(owner, identity));
      if (earlier === undefined) throw error;
      return makeRepeated(earlier);
    }
    const run = this.#makeRun(asked);
    const { id } = run;
    const log = new OpenLog({ id, length: 0, clock: this.clock, onWrite: this.#writer.write });
    const { workflow, permit, record } = asked;
    const work = new LoggedWork({ ...run, door, workflow, permit, record }, log, this.#tools);
    this.#add(id, work);
    try {
      const creation = await this.store.create({ ...run, ...makeKept(asked), identity });
      if (creation.kind !== 'created') {
        const repeated = makeRepeated(creation);
        leaveQueue();
        this.#works.delete(id);
        return repeated;
      }
    } catch (error) {
      leaveQueue();
      this.#works.delete(id);
      throw error;
    }
    try {
      work.wait(leaveQueue);
    } catch (error) {
      leaveQueue();
      await this.store.remove(id, owner).catch((fault: unknown) => this.#report(id, fault));
      this.#works.delete(id);
      throw error;
    }
    if (asked.endsWhenLeft === true) this.#audience.bind(id);
    return { run, isRepeated: false };
  }

  #add(id: string, work: LoggedWork): void {
    if (this.#works.size === 0) this.#alive.restart();
    this.#works.set(id, work);
    void work.ended.then(() => {
      if (this.#works.get(id) !== work) return;
      this.#works.delete(id);
      this.#audience.release(id);
    });
  }

  /** Never rejects. */
  async #keepAlive(): Promise<void> {
    const attempts = [...this.#works.values()].flatMap(({ attempt }) => attempt ?? []);
    // A store that is away is told of by what it is needed for.
    if (attempts.length > 0) await this.store.keepAlive(attempts).catch(() => undefined);
    if (this.#works.size > 0) this.#alive.restart();
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
      segments: segment === undefined ? [] : [{ id: segment, from: 0 }],
    };
  }

  /**
   * @param id the run's own, or that of one of its segments. All other methods need the run's own
   * @returns undefined if there is none, it has expired, or it belongs to somebody else
   */
  async find(id: string, owner: string): Promise<LoggedRun | undefined> {
    const run = await this.store.find(id, owner);
    if (run === undefined || run.ending !== undefined || this.#works.has(run.id)) return run;
    await this.#resumeLost();
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

  /** Reads a log from its beginning on. Its reader must be closed. */
  follow(id: string): LogFollower {
    return new LogFollower(this, id, this.#audience.join(id));
  }

  /** What a log has now. */
  async *readSoFar(id: string): AsyncGenerator<LoggedEvent> {
    for (let from = 0; ;) {
      const page = await this.store.read(id, from);
      if (page === undefined || page.events.length === 0) return;
      from += page.events.length;
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
    const work = this.#works.get(run.id);
    work?.cancel();
    if (work !== undefined) await this.#waitForEnd(work);
    const ended = await this.find(id, owner);
    // Its process may have left it before its end.
    if (ended !== undefined && ended.ending === undefined) throw this.#makeNotEndedError();
    return ended;
  }

  /** @throws OverloadedError if the store takes nothing for a while */
  async #waitForEnd({ ended }: LoggedWork): Promise<void> {
    const over = ended.then(() => true);
    while (!(await settleInTime(over, this.clock, LOOK_AT_STORE_MS, () => false))) {
      if (this.#writer.failingForMs >= STORE_LIMIT_MS) throw this.#makeNotEndedError();
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
    return this.#works.get(id)?.log;
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
    if (page === undefined || page.isOver || page.events.length > 0 || this.#works.has(id)) return page;
    await this.#resumeLost();
    return this.#works.has(id) ? page : ((await this.#readEnd(id, from)) ?? 'released');
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
      value: () => this.#places.atWork,
    });
    this.metrics.showNumber({
      name: 'millrace_queued_background_runs',
      help: 'Runs in the background that wait because RUNS_CONCURRENCY are at work.',
      value: () => this.#places.waiting,
    });
  }

  async #resumeEarlier(): Promise<void> {
    try {
      await this.#resumeLost();
    } catch (error) {
      if (!(error instanceof OverloadedError)) this.#logger.error('Runs cannot go on', formatStackForLog(error));
      this.#resumeLater();
    }
  }

  #resumeLater(): void {
    this.#lookAgain?.cancel();
    this.#lookAgain = this.clock.after(LOOK_AGAIN_MS, () => void this.#resumeEarlier());
  }

  /** Those that have not ended and are not at work here go on: their process is gone. */
  #resumeLost(): Promise<void> {
    this.#resuming ??= this.#resumeAllLost().finally(() => {
      this.#resuming = undefined;
    });
    return this.#resuming;
  }

  async #resumeAllLost(): Promise<void> {
    if (this.runs.draining) return;
    const lost = (await this.store.findLost()).filter(({ id }) => !this.#works.has(id));
    if (lost.length === 0) return;
    const left = lost.filter(({ id }) => this.#left.delete(id));
    await this.store.release(left);
    for (const run of lost) {
      if (run.epoch > 0) {
        // What is kept of an end that its log never got: nobody was told of that end.
        for (const { id } of run.segments) await this.documents.remove(id, run.owner);
      }
      await this.#resume(run);
    }
    this.#tellResumed('Runs were left while the store was away', left);
    const known = new Set(left);
    const orphans = lost.filter((run) => !known.has(run));
    this.#tellResumed('Runs had not ended when their process did', orphans);
  }

  #tellResumed(cause: string, resumed: readonly LoggedRun[]): void {
    if (resumed.length === 0) return;
    const begun = resumed.filter(({ epoch }) => epoch > 0).length;
    this.#logger.warn(`${cause}: ${begun} go on, ${resumed.length - begun} that waited begin`);
  }

  async #resume(run: LoggedRun): Promise<void> {
    const { id, length, owner, admission } = run;
    const door = this.#doors.get(run.door);
    const workflow = this.#findWorkflow(run.workflow);
    if (door === undefined || workflow === undefined) {
      await this.#failLost(run, new WorkflowChangedError(run.workflow));
      return;
    }
    const log = new OpenLog({ id, length, clock: this.clock, onWrite: this.#writer.write });
    log.claim(run.epoch);
    const work = new LoggedWork({ ...run, door, workflow, permit: door.readmit(admission) }, log, this.#tools);
    this.#add(id, work);
    const leaveQueue = this.#places.count(owner);
    try {
      work.wait(leaveQueue);
    } catch {
      // The server is shutting down: the next one begins it.
      leaveQueue();
      work.abandon();
    }
  }

  #findWorkflow(id: string): CompiledWorkflow | undefined {
    try {
      return this.workflows.resolve(id).workflow;
    } catch {
      return undefined;
    }
  }

  /** Ends a run that nobody can go on with. */
  async #failLost(run: LoggedRun, error: MillraceError): Promise<void> {
    const { id, epoch, length: first, door } = run;
    const last = makeLoggedEvent(makeFailed(error), this.clock.now());
    const found = await this.store.find(id, run.owner);
    const keepEnd = found && this.#doors.get(door)?.keepEnd?.(found, last);
    await keepEnd?.catch((fault: unknown) => this.#report(id, fault));
    await this.store.append([{ run: id, epoch, first, events: [JSON.stringify(last)], ending: readEnding(last) }]);
  }

  #report(id: string, error: unknown): void {
    this.#logger.error(`What is kept of the run ${id} is not whole`, formatStackForLog(error));
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
  return identity && { key: identity.key, hash: sha256(JSON.stringify(sortKeys(identity.body))) };
}

/** @throws IdempotencyKeyReusedError */
function makeRepeated(earlier: Repetition): StartedRun {
  if (earlier.kind === 'reused') throw new IdempotencyKeyReusedError();
  return { run: earlier.run, isRepeated: true };
}

/** Objects with equal properties are written in the same way. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sortKeys(value[key])]),
  );
}
