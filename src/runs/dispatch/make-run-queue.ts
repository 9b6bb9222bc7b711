import type { AppConfig } from '../../config/index.js';
import type { Clock } from '../../kernel/index.js';
import type { WorkflowRegistry } from '../../workflow/index.js';
import type { RunLogStore } from '../store/run-log-store.js';
import { EmbeddedRunQueue } from './embedded-run-queue.js';
import type { MostAtWork, RunQueue } from './run-queue.js';

/** Chooses by the configuration. Where processes share a database, they share a queue; nothing of BullMQ is loaded elsewhere. */
export async function makeRunQueue(
  { store }: AppConfig,
  clock: Clock,
  logs: RunLogStore,
  workflows: WorkflowRegistry,
): Promise<RunQueue> {
  const { databaseUrl, queueUrl } = store;
  const limits = { ...store, listMostAtWork: () => listMostAtWork(workflows) };
  if (!logs.isShared || databaseUrl === undefined) return new EmbeddedRunQueue(clock, limits);
  const [{ BullRunQueue }, { PostgresBackend, RedisBackend }] = await Promise.all([
    import('./bull/bull-run-queue.js'),
    import('./bull/bull-backend.js'),
  ]);
  const backend = queueUrl === undefined ? new PostgresBackend(databaseUrl) : new RedisBackend(queueUrl);
  return new BullRunQueue(backend, logs, clock, limits);
}

function listMostAtWork(workflows: WorkflowRegistry): MostAtWork {
  const most = workflows.listAll().map(({ workflow }) => [workflow.id, workflow.backgroundConcurrency] as const);
  return new Map(most.flatMap(([id, count]) => (count === undefined ? [] : [[id, count]])));
}
