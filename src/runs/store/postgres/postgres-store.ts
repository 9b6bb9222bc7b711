import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { AppConfig } from '../../../config/index.js';
import { OverloadedError, formatStackForLog } from '../../../errors/index.js';
import type { Clock, IdSource, Timer } from '../../../kernel/index.js';
import { RunStores } from '../run-stores.js';
import { readDocumentLimits, readRunLimits } from '../store-limits.js';
import { PostgresChanges } from './postgres-changes.js';
import { PostgresDatabase } from './postgres-database.js';
import { PostgresDocuments } from './postgres-documents.js';
import { PostgresRunLogs } from './postgres-run-logs.js';
import { PostgresSchedules } from './postgres-schedules.js';
import { PostgresUpkeep } from './postgres-upkeep.js';

/** How often what has expired is removed, in milliseconds. */
const SWEEP_EVERY_MS = 60_000;

/** PostgreSQL, which any number of processes can share. Its tables have a schema of their own. */
export class PostgresStore extends RunStores implements OnApplicationShutdown {
  override readonly isOn = true;
  override readonly documents: PostgresDocuments;
  override readonly logs: PostgresRunLogs;
  override readonly schedules: PostgresSchedules;
  readonly #database: PostgresDatabase;
  readonly #changes: PostgresChanges;
  readonly #upkeep: PostgresUpkeep;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #sweeping = Promise.resolve();
  #isClosed = false;

  constructor(config: AppConfig, url: string, clock: Clock, ids: IdSource) {
    super();
    this.#clock = clock;
    this.#database = new PostgresDatabase(url, clock, () => {
      this.#changes.begin();
      this.#sweepLater();
    });
    this.#changes = new PostgresChanges(this.#database, clock, ids.replicaId());
    this.#upkeep = new PostgresUpkeep(this.#database, clock);
    this.schedules = new PostgresSchedules(this.#database);
    this.documents = new PostgresDocuments(this.#database, clock, readDocumentLimits(config));
    this.logs = new PostgresRunLogs(this.#database, this.#changes, this.#upkeep, clock, readRunLimits(config));
  }

  override get isUp(): boolean {
    return this.#database.isUp;
  }

  /** Removes what has expired. */
  sweep(): Promise<void> {
    // One after the other: a sweep leaves the rest to another one that is running.
    this.#sweeping = this.#sweeping.catch(() => undefined).then(() => this.#upkeep.sweep());
    return this.#sweeping;
  }

  async onApplicationShutdown(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#changes.close();
    await this.#database.close();
  }

  /** Continues after a failure, too. */
  #sweepLater(): void {
    if (this.#isClosed) return;
    this.#timer = this.#clock.after(SWEEP_EVERY_MS, () => {
      void this.sweep()
        .catch((error: unknown) => {
          if (!(error instanceof OverloadedError))
            new Logger('Store').error('The sweep failed', formatStackForLog(error));
        })
        .then(() => this.#sweepLater());
    });
  }
}
