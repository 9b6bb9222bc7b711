import { Module } from '@nestjs/common';
import { AppConfig } from '../config/index.js';
import { Clock, IdSource } from '../kernel/index.js';
import { MetricsModule } from '../metrics/index.js';
import { NodesModule } from '../nodes/index.js';
import { TracingModule } from '../tracing/index.js';
import { WorkflowModule, WorkflowRegistry } from '../workflow/index.js';
import { LostRuns } from './dispatch/lost-runs.service.js';
import { makeRunQueue } from './dispatch/make-run-queue.js';
import { RunQueue } from './dispatch/run-queue.js';
import { BackgroundWork } from './log/background-work.service.js';
import { LogReader } from './log/log-reader.service.js';
import { Inspections } from './inspection/inspections.service.js';
import { LoggedRuns } from './log/logged-runs.service.js';
import { LoggedWorks } from './log/logged-works.service.js';
import { RunCanceller } from './log/run-canceller.service.js';
import { RunWaits } from './log/run-waits.service.js';
import { AccessLogObserverFactory } from './observers/access-log.observer.js';
import { MetricsObserverFactory } from './observers/metrics.observer.js';
import type { RunObserverFactory } from './observers/run-observer.js';
import { RunObservers } from './observers/run-observers.js';
import { TraceObserverFactory } from './observers/trace.observer.js';
import { TraceStarter } from './observers/trace-starter.service.js';
import { UsageObserverFactory } from './observers/usage.observer.js';
import { RunService } from './run.service.js';
import { DocumentStore } from './store/document-store.js';
import { makeRunStores } from './store/make-run-stores.js';
import { RunWorker } from './run-worker.service.js';
import { RunLogStore } from './store/run-log-store.js';
import { RunStores } from './store/run-stores.js';
import { ScheduleStore } from './store/schedule-store.js';
import { Schedules } from './schedules/schedules.service.js';
import { StoreMetrics } from './store/store-metrics.service.js';

const OBSERVERS = [
  TraceObserverFactory,
  MetricsObserverFactory,
  UsageObserverFactory,
  AccessLogObserverFactory,
  Inspections,
] as const;

/** Runs the workflows that the application's modules provide, and exports the registry that finds them. */
@Module({
  imports: [MetricsModule, NodesModule, TracingModule, WorkflowModule],
  providers: [
    RunService,
    TraceStarter,
    RunWorker,
    { provide: RunStores, useFactory: makeRunStores, inject: [AppConfig, Clock, IdSource] },
    { provide: DocumentStore, useFactory: ({ documents }: RunStores) => documents, inject: [RunStores] },
    { provide: RunLogStore, useFactory: ({ logs }: RunStores) => logs, inject: [RunStores] },
    { provide: ScheduleStore, useFactory: ({ schedules }: RunStores) => schedules, inject: [RunStores] },
    StoreMetrics,
    { provide: RunQueue, useFactory: makeRunQueue, inject: [AppConfig, Clock, RunLogStore, WorkflowRegistry] },
    LoggedWorks,
    LostRuns,
    RunWaits,
    LogReader,
    RunCanceller,
    LoggedRuns,
    BackgroundWork,
    Schedules,
    ...OBSERVERS,
    {
      provide: RunObservers,
      useFactory: (...factories: RunObserverFactory[]) => new RunObservers(factories),
      inject: [...OBSERVERS],
    },
  ],
  exports: [WorkflowModule, RunService, LoggedRuns, RunWaits, Schedules, DocumentStore, Inspections],
})
export class RunsModule {}
