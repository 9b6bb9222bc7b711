import { Injectable, Logger } from '@nestjs/common';
import { AppConfig } from '../../config/index.js';
import { formatStackForLog, type MillraceError, OverloadedError, WorkflowChangedError } from '../../errors/index.js';
import { Clock, IdSource, type Timer } from '../../kernel/index.js';
import { Metrics } from '../../metrics/index.js';
import { type CompiledWorkflow, WorkflowRegistry } from '../../workflow/index.js';
import type { JobEnd, RunJob } from '../dispatch/run-queue.js';
import type { RequestWatch } from '../run-options.js';
import { RunService } from '../run.service.js';
import { RunWorker } from '../run-worker.service.js';
import { DocumentStore } from '../store/document-store.js';
import type { LoggedRun } from '../store/logged-run.js';
import { RunLogStore, type WorkerOffer } from '../store/run-log-store.js';
import { Audience } from './audience.js';
import { LogHub } from './log-hub.js';
import { LogWriter } from './log-writer.js';
import { makeLoggedEvent } from './logged-event.js';
import { LoggedWork, makeFailed } from './logged-work.js';
import type { OpenLog } from './open-log.js';
import { hashWorkflow } from './resume-run.js';
import type { RunDoor } from './run-door.js';
import { readEnding } from './run-recorder.js';
import type { WorkTools } from './work-tools.js';

/**
 * How often runs report that they are active, in milliseconds. If their process dies, their running time is known to
 * this precision.
 */
const ALIVE_EVERY_MS = 5_000;
/**
 * How often this process reports that it is alive while it executes runs: after 4.5 s without a report, others take
 * them over. Milliseconds.
 */
const RENEW_LEASE_MS = 1_500;
const NO_OFFER: WorkerOffer = { graphs: [], workflows: [], doors: [] };
/** Most characters of one log. */
const LONGEST_LOG = 64 * 1024 ** 2;

/** The logged runs that this process executes. */
@Injectable()
export class LoggedWorks {
  readonly hub: LogHub;
  /** The readers of runs in this process. */
  readonly audience: Audience;
  readonly #logger = new Logger('Runs');
  readonly #works = new Map<string, LoggedWork>();
  readonly #doors = new Map<string, RunDoor>();
  /** The records of requests that wait for their run to begin, by the runs' ids. */
  readonly #watches = new Map<string, RequestWatch>();
  readonly #writer: LogWriter;
  readonly #tools: WorkTools;
  readonly #alive: Timer;
  readonly #lease: Timer;
  /** True if other processes need not leave any runs to this one. */
  #offersNothing: boolean;
  #beating = Promise.resolve();
  #onAway: ((id: string) => void) | undefined;
  #onLeft: ((id: string) => void) | undefined;
  #onReleased: ((job: RunJob) => Promise<void>) | undefined;
  #onWaiting: ((expiresAt: number) => void) | undefined;

  constructor(
    config: AppConfig,
    private readonly clock: Clock,
    private readonly store: RunLogStore,
    documents: DocumentStore,
    private readonly runs: RunService,
    private readonly workflows: WorkflowRegistry,
    private readonly worker: RunWorker,
    metrics: Metrics,
    ids: IdSource,
  ) {
    const { timeoutMs, leaveGraceMs, concurrency } = config.store;
    this.#offersNothing = concurrency === 0;
    this.hub = new LogHub(store, clock);
    // A run whose log takes no more events has no reader left.
    this.#writer = new LogWriter(
      store,
      clock,
      ({ id }) => this.#works.get(id)?.abandon('released'),
      ({ id }) => this.#works.get(id)?.cancel(),
      metrics.instruments,
    );
    this.audience = new Audience({
      clock,
      store,
      worker: worker.id,
      graceMs: leaveGraceMs,
      onLeft: (id) => this.#onLeft?.(id),
    });
    this.#tools = {
      runs,
      store,
      documents,
      worker: worker.id,
      audience: this.audience,
      clock,
      ids,
      findTeller: (run) => this.#findTeller(run),
      timeoutMs,
      longestLog: LONGEST_LOG,
      onWrite: this.#writer.write,
      onMove: (id) => this.hub.wake(id),
      onResumed: (workflow) => metrics.instruments.resumptions.inc({ workflow }),
      onRetried: (workflow) => metrics.instruments.runRetries.inc({ workflow }),
      onReleased: async (job) => this.#onReleased?.(job),
      onWaiting: (expiresAt) => this.#onWaiting?.(expiresAt),
      onStoreAway: (id) => this.#onAway?.(id),
      onFault: (id, error) => this.#report(id, error),
    };
    this.#alive = clock.after(ALIVE_EVERY_MS, () => void this.#keepAlive());
    this.#alive.cancel();
    this.#lease = clock.after(RENEW_LEASE_MS, () => void this.#renewLease());
    this.#lease.cancel();
    store.watchLoss(() => {
      for (const [id, work] of this.#works) {
        this.#onAway?.(id);
        work.abandon('released');
      }
    });
    store.watchChanges((changed) => {
      if (changed === 'unknown') this.hub.lookAtAll();
      else this.hub.look(changed);
      void this.#lookForCancelled(changed === 'unknown' ? [...this.#works.keys()] : changed);
    });
  }

  /** How long the store has refused log events, in milliseconds; 0 while it works. */
  get failingForMs(): number {
    return this.#writer.failingForMs;
  }

  /** To be called by each door before the application starts. */
  addDoor(door: RunDoor): void {
    this.#doors.set(door.name, door);
  }

  /** @throws Error if there is no door of this name */
  assertDoor(name: string): void {
    if (!this.#doors.has(name)) throw new Error(`There is no door "${name}": addDoor() has to come before`);
  }

  /**
   * @param onAway called for runs that this process left while the store was unavailable or taken over by another
   * process; this does not count as a death
   */
  watchAway(onAway: (id: string) => void): void {
    this.#onAway = onAway;
  }

  /** @param onReleased called for runs that this process has released to another one */
  watchReleased(onReleased: (job: RunJob) => Promise<void>): void {
    this.#onReleased = onReleased;
  }

  /**
   * @param onWaiting called for each run that begins to wait, with the time of its first expiry in milliseconds since
   * the Unix epoch
   */
  watchWaiting(onWaiting: (expiresAt: number) => void): void {
    this.#onWaiting = onWaiting;
  }

  /** @param onLeft called for runs that must end because they have no readers left */
  watchLeft(onLeft: (id: string) => void): void {
    this.#onLeft = onLeft;
  }

  /**
   * Tells other processes that this one is alive and what it can execute, now and periodically. Resolves when they
   * know, or when the store is unavailable. Never rejects.
   */
  beat(): Promise<void> {
    return this.#keepAlive();
  }

  /** Makes this process take no more runs, so that others need not leave any to it. */
  sayGoodbye(): void {
    if (!this.store.isShared) return;
    this.#offersNothing = true;
    this.runs.holdOpen('the end of this process', this.#beat());
  }

  /** Name of the door that shows a segment; undefined if this process does not have the door. */
  findDoorOfSegment(id: string): string | undefined {
    return [...this.#doors.values()].find(
      ({ segmentPrefix }) => segmentPrefix !== undefined && id.startsWith(segmentPrefix),
    )?.name;
  }

  #findTeller({ segments }: LoggedRun): RunDoor | undefined {
    const last = segments.at(-1);
    return last && this.#doors.get(this.findDoorOfSegment(last.id) ?? '');
  }

  find(id: string): LoggedWork | undefined {
    return this.#works.get(id);
  }

  /** The log, while its run is active in this process. */
  findOpen(id: string): OpenLog | undefined {
    const log = this.#works.get(id)?.log;
    return log?.ending === 'gone' ? undefined : log;
  }

  /** @param watch notified of the run, if it begins in this process while its request waits */
  keepWatch(id: string, watch: RequestWatch): void {
    this.#watches.set(id, watch);
  }

  forgetRecord(id: string): void {
    this.#watches.delete(id);
  }

  /** See `BeginJob`. */
  readonly begin = (job: RunJob): Promise<JobEnd> | undefined => {
    if (this.runs.draining) return undefined;
    // The queue has considered this process dead, for example while it was suspended. The job stays until the work
    // ends.
    const present = this.#works.get(job.id);
    // A job for a later time waits until this one is over.
    if (present !== undefined) return present.wake === job.wake ? present.ended : this.#beginAfter(present, job);
    const door = this.#doors.get(job.door);
    const workflow = this.workflows.find(job.workflow);
    if (door === undefined || workflow === undefined) {
      const isWorkflow = workflow === undefined;
      return this.#leaveToOthers(job, isWorkflow ? ['workflows', job.workflow] : ['doors', job.door]);
    }
    const begin = (): Promise<JobEnd> | undefined => this.#beginHere(job, door, workflow);
    const isOther = job.graph !== undefined && job.graph !== hashWorkflow(workflow);
    return isOther ? this.#leaveToOthers(job, ['graphs', job.graph], begin) : begin();
  };

  async #beginAfter({ ended }: LoggedWork, job: RunJob): Promise<JobEnd> {
    await ended;
    return this.begin(job) ?? 'held';
  }

  #beginHere(job: RunJob, door: RunDoor, workflow: CompiledWorkflow): Promise<JobEnd> | undefined {
    const { id } = job;
    const admission = door.readmit(job.admission);
    if (!admission.begin()) return undefined;
    const work = new LoggedWork({ job, door, workflow, admission, watch: this.#watches.get(id) }, this.#tools);
    this.#watches.delete(id);
    if (this.#works.size === 0) this.#alive.restart();
    this.#works.set(id, work);
    if (this.#works.size === 1 && this.store.isShared) void this.#renewLease();
    this.runs.holdOpen(id, work.ended);
    void work.ended.then(() => {
      this.#works.delete(id);
      this.audience.release(id);
      this.hub.wake(id);
    });
    void work.work();
    return work.ended;
  }

  /** Lets all active runs continue in other processes. */
  handOver(): void {
    for (const work of this.#works.values()) work.handOver();
  }

  /**
   * Ends a run that is not active: it waits in the queue or for an answer.
   * @returns false if the run is active or has ended
   */
  async endIdle(run: LoggedRun, error: MillraceError): Promise<boolean> {
    const { id, epoch, length: first, door: name, admission } = run;
    const door = this.#doors.get(name);
    const failed = makeFailed(error);
    const last = makeLoggedEvent(failed, this.clock.now());
    await this.#findTeller(run)
      ?.keepEnd?.(run, last)
      .catch((fault: unknown) => this.#report(id, fault));
    const batch = { run: id, epoch, first, events: [JSON.stringify(last)], ending: readEnding(failed, last.at) };
    const [verdict] = await this.store.append([batch]);
    if (verdict?.isKept !== true) return false;
    door?.readmit(admission).end();
    this.#watches.delete(id);
    this.audience.release(id);
    this.hub.wake(id);
    return true;
  }

  /**
   * During a rollout, other processes can have what this one lacks for a run. If there are none, the run continues here
   * or ends. Never rejects.
   * @param lacked what this process does not have
   * @param begin continues the run here; absent: impossible
   */
  async #leaveToOthers(
    job: RunJob,
    lacked: readonly [kind: keyof WorkerOffer, name: string],
    begin?: () => Promise<JobEnd> | undefined,
  ): Promise<JobEnd> {
    const { id, owner, wake, workflow } = job;
    try {
      const run = await this.store.find(id, owner);
      if (run === undefined || run.ending !== undefined || run.wake !== wake) return;
      if (await this.store.isOffered(...lacked)) return 'held';
      if (begin !== undefined) return await (begin() ?? 'held');
      await this.endIdle(run, new WorkflowChangedError(workflow));
    } catch (error) {
      if (!(error instanceof OverloadedError)) this.#report(id, error);
      return 'held';
    }
  }

  /** Never rejects. */
  async #keepAlive(): Promise<void> {
    const attempts = Array.from(this.#works.values()).flatMap(({ attempt }) => attempt ?? []);
    // An unavailable store is reported where it is needed.
    const lost = attempts.length === 0 ? [] : await this.store.keepAlive(attempts).catch(() => []);
    // No more events of these runs are stored, and a run whose model sends nothing would not notice.
    for (const { id, epoch } of attempts) {
      const work = this.#works.get(id);
      if (lost.includes(id) && work?.attempt?.epoch === epoch) work.abandon('gone');
    }
    if (this.store.isShared && !this.runs.draining) await this.#beat();
    if (this.#works.size > 0 || (this.store.isShared && !this.runs.draining)) this.#alive.restart();
  }

  /** Runs as long as this process executes runs. Never rejects. */
  async #renewLease(): Promise<void> {
    await this.#beat();
    if (this.#works.size > 0) this.#lease.restart();
  }

  /** One after the other, since the last one counts. Never rejects. */
  #beat(): Promise<void> {
    this.#beating = this.#beating
      .then(() => this.store.beat(this.worker.id, this.#offersNothing ? NO_OFFER : this.#listOffer()))
      .catch(() => undefined);
    return this.#beating;
  }

  #listOffer(): WorkerOffer {
    const known = [...new Set(this.workflows.listAll().map(({ workflow }) => workflow))];
    return { graphs: known.map(hashWorkflow), workflows: known.map(({ id }) => id), doors: [...this.#doors.keys()] };
  }

  /** Checks whether another process was asked to cancel runs that are active here. Never rejects. */
  async #lookForCancelled(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const work = this.#works.get(id);
      if (work === undefined) continue;
      // The next event of the run would show it, too.
      const run = await this.store.find(id, work.owner).catch(() => undefined);
      if (run?.isCancelled === true) work.cancel();
    }
  }

  #report(id: string, error: unknown): void {
    this.#logger.error(`The stored data of run ${id} is incomplete`, formatStackForLog(error));
  }
}
