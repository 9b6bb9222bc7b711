import { Injectable, Logger } from '@nestjs/common';
import { formatStackForLog, OverloadedError } from '../../errors/index.js';
import { Clock, type Timer } from '../../kernel/index.js';
import { LoggedWorks } from '../log/logged-works.service.js';
import { RunService } from '../run.service.js';
import { RunWorker } from '../run-worker.service.js';
import type { LoggedRun } from '../store/logged-run.js';
import { RunLogStore } from '../store/run-log-store.js';
import { makeJob, type RunJob, RunQueue } from './run-queue.js';

/** Pause before runs are searched for again while the store is unavailable, in milliseconds. */
const LOOK_AGAIN_MS = 2_000;
/** How often this process searches for runs that others may have left behind, in milliseconds. */
const LOOK_EVERY_MS = 5_000;
/** This process remembers at most this many runs that it has left. The periodic search finds the others later. */
const MOST_LEFT = 1_000;

/** Queues again the unfinished runs whose process or job was lost. */
@Injectable()
export class LostRuns {
  readonly #logger = new Logger('Runs');
  /**
   * Runs that this process left while the store was unavailable, or could not queue while the queue was. They do not
   * count as deaths.
   */
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

  /** Searches for lost runs now, and periodically where processes share the store. Never rejects. */
  async watch(): Promise<void> {
    try {
      await this.look();
      if (this.#left.size > 0) this.#lookAfter(LOOK_AGAIN_MS);
      else if (this.store.isShared) this.#lookAfter(LOOK_EVERY_MS);
    } catch (error) {
      if (!(error instanceof OverloadedError)) this.#logger.error('Runs cannot continue', formatStackForLog(error));
      this.#lookAfter(LOOK_AGAIN_MS);
    }
  }

  /**
   * Resolves when the runs found have been queued.
   * @throws OverloadedError while the store is unavailable
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
    // Processes that are shutting down are checked later.
    const asked = [...this.#left].filter((id) => this.works.find(id) === undefined);
    const unfinished = await this.store.findLost(asked, this.worker.id);
    const lost = unfinished.filter(({ id }) => this.works.find(id) === undefined && !this.queue.has(id));
    const known = new Set(asked);
    const left = lost.filter(({ id }) => known.has(id));
    await this.store.release(left.filter(({ status }) => status === 'running'));
    // Releasing the run has set another wake-up.
    const jobs = lost.map((run) =>
      makeJob(known.has(run.id) && run.status === 'running' ? { ...run, wake: run.wake + 1 } : run),
    );
    const unput = new Set(await this.#putAll(jobs));
    for (const id of asked) if (!unput.has(id)) this.#left.delete(id);
    this.#tell('Runs were left while the store was away', left);
    this.#tell(
      'Runs had not ended when their process did',
      // This process cannot know whether the shared queue has lost waiting runs.
      lost.filter((run) => !known.has(run.id) && (!this.store.isShared || run.status === 'running')),
    );
  }

  /** @returns ids of the runs that are not known to be in the queue */
  async #putAll(jobs: readonly RunJob[]): Promise<readonly string[]> {
    const [first, ...others] = jobs;
    if (first === undefined) return [];
    // An unavailable queue takes seconds to fail, so it is tried once and not for each run.
    if (!(await this.queue.put(first))) return jobs.map(({ id }) => id);
    const isPut = await Promise.all(others.map((job) => this.queue.put(job)));
    return others.flatMap(({ id }, place) => (isPut[place] === true ? [] : [id]));
  }

  #tell(cause: string, lost: readonly LoggedRun[]): void {
    if (lost.length === 0) return;
    const begun = lost.filter(({ epoch }) => epoch > 0).length;
    this.#logger.warn(`${cause}: ${begun} continue, ${lost.length - begun} that waited begin`);
  }
}
