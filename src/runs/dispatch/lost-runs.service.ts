import { Injectable, Logger } from '@nestjs/common';
import { formatStackForLog, OverloadedError } from '../../errors/index.js';
import { Clock, type Timer } from '../../kernel/index.js';
import { LoggedWorks } from '../log/logged-works.service.js';
import { RunService } from '../run.service.js';
import { DocumentStore } from '../store/document-store.js';
import { type LoggedRun, RunLogStore } from '../store/run-log-store.js';
import { makeJob, RunQueue } from './run-queue.js';

/** How soon runs are looked for again where the store is away, in milliseconds. */
const LOOK_AGAIN_MS = 2_000;
/** How often they are looked for where other processes may leave some behind, in milliseconds. */
const LOOK_EVERY_MS = 5_000;

/** Puts runs into the queue that have not ended, and that no queue and no process has: theirs is gone. */
@Injectable()
export class LostRuns {
  readonly #logger = new Logger('Runs');
  /** Runs that were left while the store was away: nobody has died. */
  readonly #left = new Set<string>();
  #looking: Promise<void> | undefined;
  #timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly store: RunLogStore,
    private readonly documents: DocumentStore,
    private readonly runs: RunService,
    private readonly queue: RunQueue,
    private readonly works: LoggedWorks,
  ) {
    works.watchAway((id) => {
      this.#left.add(id);
      this.#lookAfter(LOOK_AGAIN_MS);
    });
  }

  /** Looks for them now, and from time to time if it has to. Never rejects. */
  async watch(): Promise<void> {
    try {
      await this.look();
      if (this.store.isShared) this.#lookAfter(LOOK_EVERY_MS);
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

  async #look(): Promise<void> {
    if (this.runs.draining) return;
    const unfinished = await this.store.findLost();
    const lost = unfinished.filter(({ id }) => this.works.find(id) === undefined && !this.queue.has(id));
    if (lost.length === 0) return;
    const left = lost.filter(({ id }) => this.#left.delete(id));
    const known = new Set(left);
    await this.store.release(left);
    for (const run of lost) {
      if (run.epoch > 0) {
        // What is kept of an end that its log never got: nobody was told of that end.
        for (const { id } of run.segments) await this.documents.remove(id, run.owner);
      }
      // Letting go of it was another wake.
      const wake = known.has(run) && run.status === 'running' ? run.wake + 1 : run.wake;
      await this.queue.put(makeJob({ ...run, wake }));
    }
    this.#tell('Runs were left while the store was away', left);
    this.#tell(
      'Runs had not ended when their process did',
      // Of those that wait nobody knows here whether the queue of all has lost them.
      lost.filter((run) => !known.has(run) && (!this.store.isShared || run.status === 'running')),
    );
  }

  #tell(cause: string, lost: readonly LoggedRun[]): void {
    if (lost.length === 0) return;
    const begun = lost.filter(({ epoch }) => epoch > 0).length;
    this.#logger.warn(`${cause}: ${begun} go on, ${lost.length - begun} that waited begin`);
  }
}
