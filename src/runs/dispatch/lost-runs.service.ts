import { Injectable, Logger } from '@nestjs/common';
import { formatStackForLog, OverloadedError } from '../../errors/index.js';
import { Clock, type Timer } from '../../kernel/index.js';
import { LoggedWorks } from '../log/logged-works.service.js';
import { RunService } from '../run.service.js';
import { RunWorker } from '../run-worker.js';
import type { LoggedRun } from '../store/logged-run.js';
import { RunLogStore } from '../store/run-log-store.js';
import { makeJob, type RunJob, RunQueue } from './run-queue.js';

/** How soon runs are looked for again where the store is away, in milliseconds. */
const LOOK_AGAIN_MS = 2_000;
/** How often they are looked for where other processes may leave some behind, in milliseconds. */
const LOOK_EVERY_MS = 5_000;
/** Of so many runs this process keeps in mind that it has left them; of more it finds what is lost later. */
const MOST_LEFT = 1_000;

/** Puts runs into the queue that have not ended, and that no queue and no process has: theirs is gone. */
@Injectable()
export class LostRuns {
  readonly #logger = new Logger('Runs');
  /** Runs that this process has left while the store was away, or could not put while the queue was: nobody has died. */
  readonly #left = new Set<string>();
  #looking: Promise<void> | undefined;
  #timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly store: RunLogStore,
    private readonly worker: RunWorker,
    private readonly runs: RunService,
    private readonly queue: RunQueue,
    private readonly works: LoggedWorks,
  ) {
    works.watchAway((id) => {
      this.#keepInMind(id);
      this.#lookAfter(LOOK_AGAIN_MS);
    });
    works.watchReleased((job) => this.put(job));
  }

  /** Puts a run into the queue, now or as soon as that works. Never rejects. */
  async put(job: RunJob): Promise<void> {
    if (await this.queue.put(job)) return;
    this.#keepInMind(job.id);
    this.#lookAfter(LOOK_AGAIN_MS);
  }

  /** Looks for them now, and from time to time if it has to. Never rejects. */
  async watch(): Promise<void> {
    try {
      await this.look();
      if (this.#left.size > 0) this.#lookAfter(LOOK_AGAIN_MS);
      else if (this.store.isShared) this.#lookAfter(LOOK_EVERY_MS);
    } catch (error) {
      if (!(error instanceof OverloadedError)) this.#logger.error('Runs cannot go on', formatStackForLog(error));
      this.#lookAfter(LOOK_AGAIN_MS);
    }
  }

  /**
   * Resolves when those that there were have been put.
   * @throws OverloadedError while the store is away
   */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  close(): void {
    this.#timer?.cancel();
  }

  #lookAfter(ms: number): void {
    this.#timer?.cancel();
    if (!this.runs.draining) this.#timer = this.clock.after(ms, () => void this.watch());
  }

  #keepInMind(id: string): void {
    if (this.#left.size < MOST_LEFT) this.#left.add(id);
  }

  async #look(): Promise<void> {
    if (this.runs.draining) return;
    // Those that end what they have at work are looked at afterwards.
    const asked = [...this.#left].filter((id) => this.works.find(id) === undefined);
    const unfinished = await this.store.findLost(asked, this.worker.id);
    const lost = unfinished.filter(({ id }) => this.works.find(id) === undefined && !this.queue.has(id));
    const known = new Set(asked);
    const left = lost.filter(({ id }) => known.has(id));
    await this.store.release(left.filter(({ status }) => status === 'running'));
    // Letting go of it was another wake.
    const jobs = lost.map((run) =>
      makeJob(known.has(run.id) && run.status === 'running' ? { ...run, wake: run.wake + 1 } : run),
    );
    const unput = new Set(await this.#putAll(jobs));
    for (const id of asked) if (!unput.has(id)) this.#left.delete(id);
    this.#tell('Runs were left while the store was away', left);
    this.#tell(
      'Runs had not ended when their process did',
      // Of those that wait nobody knows here whether the queue of all has lost them.
      lost.filter((run) => !known.has(run.id) && (!this.store.isShared || run.status === 'running')),
    );
  }

  /** @returns ids of the runs that are not known to be in the queue */
  async #putAll(jobs: readonly RunJob[]): Promise<readonly string[]> {
    const [first, ...others] = jobs;
    if (first === undefined) return [];
    // A queue that is away takes seconds to say so: once, and not once for each.
    if (!(await this.queue.put(first))) return jobs.map(({ id }) => id);
    const isPut = await Promise.all(others.map((job) => this.queue.put(job)));
    return others.flatMap(({ id }, place) => (isPut[place] === true ? [] : [id]));
  }

  #tell(cause: string, lost: readonly LoggedRun[]): void {
    if (lost.length === 0) return;
    const begun = lost.filter(({ epoch }) => epoch > 0).length;
    this.#logger.warn(`${cause}: ${begun} go on, ${lost.length - begun} that waited begin`);
  }
}
