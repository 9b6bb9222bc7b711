import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/index.js';
import { LostRuns } from '../dispatch/lost-runs.service.js';
import { RunQueue } from '../dispatch/run-queue.js';
import { RunService } from '../run.service.js';
import type { LoggedRun } from '../store/logged-run.js';
import { type LogPage, RunLogStore } from '../store/run-log-store.js';
import { LogFollower, type LogSource } from './log-follower.js';
import type { LogWait } from './log-hub.js';
import type { LoggedEvent } from './logged-event.js';
import { LoggedWorks } from './logged-works.service.js';
import type { OpenLog } from './open-log.js';

/** Finds logged runs and reads their logs. A run that has lost its process is queued again before it is returned. */
@Injectable()
export class LogReader implements LogSource {
  /** Readers of the same part share one read. */
  readonly #readings = new Map<string, Promise<LogPage | 'released' | undefined>>();

  constructor(
    private readonly clock: Clock,
    private readonly store: RunLogStore,
    private readonly runs: RunService,
    private readonly queue: RunQueue,
    private readonly works: LoggedWorks,
    private readonly lost: LostRuns,
  ) {}

  /**
   * @param id the run's own, or that of one of its segments
   * @returns undefined if there is none, it has expired, or it belongs to somebody else
   */
  async find(id: string, owner: string): Promise<LoggedRun | undefined> {
    const run = await this.store.find(id, owner);
    if (run === undefined || run.ending !== undefined || run.status === 'waiting' || !this.#isLost(run.id)) return run;
    await this.lost.look();
    return this.store.find(id, owner);
  }

  /**
   * Reads a log. Its reader must be closed.
   * @param from number of the first event that is wanted
   */
  follow(id: string, from = 0): LogFollower {
    const leave = this.works.audience.join(id);
    return new LogFollower(this, { id, from }, () => {
      leave();
      this.works.forgetRecord(id);
    });
  }

  /**
   * What a log has now.
   * @param from number of the first event that is wanted
   */
  async *readSoFar(id: string, from = 0): AsyncGenerator<LoggedEvent> {
    for (let next = from; ;) {
      const page = await this.store.read(id, next);
      if (page === undefined || page.events.length === 0) return;
      next += page.events.length;
      yield* page.events;
    }
  }

  findOpen(id: string): OpenLog | undefined {
    return this.works.findOpen(id);
  }

  wait(id: string, from: number): LogWait {
    return this.works.hub.wait(id, from);
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

  /** True if the run has neither ended nor waits for an answer, and is known to have no process. */
  #isLost(id: string): boolean {
    return !this.store.isShared && this.works.find(id) === undefined && !this.queue.has(id);
  }

  /** The events of an inactive run from a number on; undefined if it has not ended. */
  async #readEnd(id: string, from: number): Promise<LogPage | undefined> {
    const page = await this.store.read(id, from);
    return page === undefined || page.isOver || page.events.length > 0 ? page : undefined;
  }
}
