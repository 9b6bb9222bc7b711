import { Injectable } from '@nestjs/common';
import { IdempotencyKeyReusedError } from '../../errors/index.js';
import { Cancellation, Clock, IdSource } from '../../kernel/index.js';
import type { RunRequest } from '../../workflow/index.js';
import { LostRuns } from '../dispatch/lost-runs.service.js';
import { makeJob, RunQueue } from '../dispatch/run-queue.js';
import { RunService } from '../run.service.js';
import type { LoggedRun, Repetition } from '../store/logged-run.js';
import { RunLogStore, type RunPage, type RunQuery } from '../store/run-log-store.js';
import type { LogFollower } from './log-follower.js';
import { LogReader } from './log-reader.service.js';
import type { LoggedEvent } from './logged-event.js';
import { LoggedWorks } from './logged-works.service.js';
import { RunCanceller } from './run-canceller.service.js';
import type { RunDoor } from './run-door.js';
import { type KeptRequest, makeIdentity, makeKeptRequest, type RunToLog, USUAL_PRIORITY } from './run-to-log.js';

/**
 * Runs that outlive their requests: each is written into its log and read from there, by any number of readers. At most
 * `RUNS_CONCURRENCY` of them are active, the others wait.
 */
@Injectable()
export class LoggedRuns {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly store: RunLogStore,
    private readonly runs: RunService,
    private readonly queue: RunQueue,
    private readonly works: LoggedWorks,
    private readonly lost: LostRuns,
    private readonly reader: LogReader,
    private readonly canceller: RunCanceller,
  ) {}

  /** False: no run can have a log. */
  get isOn(): boolean {
    return this.store.isOn;
  }

  /** True once the server is shutting down: runs that are not finished by its deadline continue in the next process. */
  get isDraining(): boolean {
    return this.runs.draining;
  }

  /** To be called by each door before the application starts. */
  addDoor(door: RunDoor): void {
    this.works.addDoor(door);
  }

  /**
   * Begins a run as soon as there is a place for it. When this resolves, the run is stored and can be followed.
   * @returns the run, and whether an equal request has begun it before: then the admission of this one has ended, and
   * the number of waiting runs does not matter
   * @throws RateLimitedError, OverloadedError if too many wait, the store is away, or the server is shutting down;
   *   IdempotencyKeyReusedError if another request of this caller had the same key
   */
  async start(asked: RunToLog): Promise<StartedRun> {
    const { owner, watch } = asked;
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
      return makeRepeated(earlier, asked);
    }
    try {
      const run = this.#makeRun(asked);
      const creation = await this.store.create({ ...run, ...makeKeptRequest(asked), identity });
      if (creation.kind !== 'created') return makeRepeated(creation, asked);
      if (watch !== undefined) this.works.keepWatch(run.id, watch);
      if (asked.endsWhenLeft === true) this.works.audience.bind(run.id);
      await this.lost.put(makeJob(run));
      return { run, isRepeated: false };
    } finally {
      untrack();
      leaveQueue();
    }
  }

  #makeRun(asked: RunToLog): LoggedRun {
    const {
      owner,
      door,
      workflow,
      request,
      head,
      admission,
      segment,
      metadata = {},
      priority = USUAL_PRIORITY,
    } = asked;
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
      admission: admission.kept,
      status: 'queued',
      epoch: 0,
      attempts: 0,
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

  /** See {@link LogReader.find}. All other methods need the run's own id. */
  find(id: string, owner: string): Promise<LoggedRun | undefined> {
    return this.reader.find(id, owner);
  }

  /** See `RunLogStore.list`. */
  list(query: RunQuery): Promise<RunPage | undefined> {
    return this.store.list(query);
  }

  /** See `RunLogStore.findOwner`. */
  findOwner(id: string): Promise<string | undefined> {
    return this.store.findOwner(id);
  }

  /**
   * A secret shared by all processes with this store.
   * @param name what it is for
   */
  findSecret(name: string): Promise<string> {
    return this.store.findSecret(name, this.ids.replicaId());
  }

  /** Name of the door of a segment, by the segment's id; undefined if this process does not have the door. */
  findDoorOfSegment(segment: string): string | undefined {
    return this.works.findDoorOfSegment(segment);
  }

  /** The metadata that its door stored; undefined if there is no such run. */
  async findMemo(id: string): Promise<unknown> {
    const json = await this.store.findRequest(id);
    return json === undefined ? undefined : (JSON.parse(json) as KeptRequest).memo;
  }

  /** The request of a run; undefined if the run does not exist or its log has expired. */
  async findRequest(id: string): Promise<RunRequest | undefined> {
    const json = await this.store.findRequest(id);
    return json === undefined ? undefined : (JSON.parse(json) as KeptRequest).request;
  }

  /** See {@link LogReader.follow}. */
  follow(id: string, from = 0): LogFollower {
    return this.reader.follow(id, from);
  }

  /** See {@link LogReader.readSoFar}. */
  readSoFar(id: string, from = 0): AsyncGenerator<LoggedEvent> {
    return this.reader.readSoFar(id, from);
  }

  /** See {@link RunCanceller.cancel}. */
  cancel(id: string, owner: string): Promise<LoggedRun | undefined> {
    return this.canceller.cancel(id, owner);
  }

  /** See {@link RunCanceller.remove}. */
  remove(id: string, owner: string): Promise<boolean> {
    return this.canceller.remove(id, owner);
  }
}

/** A requested run. */
export interface StartedRun {
  readonly run: LoggedRun;
  /** True if it was there already. */
  readonly isRepeated: boolean;
}

/** @throws IdempotencyKeyReusedError */
/** An equal request has begun the run, which has an admission of its own. */
function makeRepeated(earlier: Repetition, { admission }: RunToLog): StartedRun {
  if (earlier.kind === 'reused') throw new IdempotencyKeyReusedError();
  admission.cancel();
  return { run: earlier.run, isRepeated: true };
}
