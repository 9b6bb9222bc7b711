import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AppConfig } from '../../config/index.js';
import { Cancellation } from '../../kernel/index.js';
import { Metrics } from '../../metrics/index.js';
import { LostRuns } from '../dispatch/lost-runs.service.js';
import { RunQueue } from '../dispatch/run-queue.js';
import { RunService } from '../run.service.js';
import { RunLogStore } from '../store/run-log-store.js';
import { LoggedWorks } from './logged-works.service.js';
import { RunWaits } from './run-waits.service.js';

/** Lets a server execute logged runs from its start to its shutdown. */
@Injectable()
export class BackgroundWork implements OnApplicationBootstrap, OnApplicationShutdown {
  #isClosed = false;

  constructor(
    private readonly config: AppConfig,
    private readonly store: RunLogStore,
    private readonly runs: RunService,
    private readonly queue: RunQueue,
    private readonly works: LoggedWorks,
    private readonly lost: LostRuns,
    private readonly waits: RunWaits,
    private readonly metrics: Metrics,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** Runs that a process has left behind continue. */
  async onApplicationBootstrap(): Promise<void> {
    // Commands that serve nothing leave the runs to the server.
    if ((this.adapterHost.httpAdapter as unknown) === undefined) return;
    this.#showNumbers();
    if (!this.store.isOn) return;
    const shutdown = new Cancellation();
    shutdown.addEventListener('abort', () => this.#close());
    this.runs.trackWait(shutdown);
    // Other processes end the runs for which no process is known.
    if (this.store.isShared) await this.works.beat();
    this.queue.work(this.works.begin);
    void this.waits.checkStore();
    if (!this.store.isShared && !(await this.store.hasEarlier())) return;
    void this.lost.watch();
    void this.waits.watch();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#close();
    await this.queue.end();
  }

  /** On shutdown, this process starts no more runs; waiting runs start in another one. */
  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.lost.close();
    this.waits.close();
    this.works.sayGoodbye();
    this.runs.holdOpen('the queue of runs', this.queue.close());
    this.works.hub.close();
    if (this.config.store.handover === 'now') this.works.handOver();
  }

  #showNumbers(): void {
    this.metrics.showNumber({
      name: 'millrace_background_runs',
      help: 'Active runs in the background.',
      value: () => this.queue.atWork,
    });
    this.metrics.showNumber({
      name: 'millrace_queued_background_runs',
      help: 'Runs in the background that wait because RUNS_CONCURRENCY runs are active. Processes that share a queue all report its whole length.',
      value: () => this.queue.waiting,
      ...(this.store.isShared && { together: 'max' }),
    });
  }
}
