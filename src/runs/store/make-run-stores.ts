import type { AppConfig } from '../../config/index.js';
import type { Clock, IdSource } from '../../kernel/index.js';
import { EmbeddedRunLogs } from './embedded-run-logs.js';
import { EmbeddedStore } from './embedded-store.js';
import { EmbeddedSchedules } from './embedded-schedules.js';
import type { RunLogStore } from './run-log-store.js';
import { RunStores } from './run-stores.js';
import type { ScheduleStore } from './schedule-store.js';

/** Chooses the store by the configuration. It is opened when it is first needed. */
export async function makeRunStores(config: AppConfig, clock: Clock, ids: IdSource): Promise<RunStores> {
  const { isOn, databaseUrl } = config.store;
  if (!isOn || databaseUrl === undefined) return new EmbeddedStores(new EmbeddedStore(config, clock, ids));
  const { PostgresStore } = await import('./postgres/postgres-store.js');
  return new PostgresStore(config, databaseUrl, clock, ids);
}

/** SQLite, which needs nothing to be installed. */
class EmbeddedStores extends RunStores {
  override readonly logs: RunLogStore;
  override readonly schedules: ScheduleStore;

  /** @param documents closes the database when the application shuts down */
  constructor(override readonly documents: EmbeddedStore) {
    super();
    this.logs = new EmbeddedRunLogs(documents);
    this.schedules = new EmbeddedSchedules(documents);
  }

  override get isOn(): boolean {
    return this.documents.isOn;
  }

  override get isUp(): boolean {
    return this.documents.isUp;
  }
}
