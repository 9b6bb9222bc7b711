import { constants } from 'node:fs';
import { access, copyFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { AppConfig } from '../../config/index.js';
import { formatStackForLog, OverloadedError } from '../../errors/index.js';
import { type Clock, type IdSource, readErrorCode, type Timer } from '../../kernel/index.js';
import { DocumentStore, type PutVerdict, type StoredDocument } from './document-store.js';
import { FolderLock } from './folder-lock.js';
import type { SqliteDocuments } from './sqlite/sqlite-documents.js';
import type { SqliteRunLogs } from './sqlite/sqlite-run-logs.js';
import type { SqliteSchedules } from './sqlite/sqlite-schedules.js';
import { readDocumentLimits, readRunLimits } from './store-limits.js';
import type { SqliteThread } from './sqlite/sqlite-thread.js';

/** How often expired data is removed, and the pause after a failure before the store is opened again. Milliseconds. */
const SWEEP_EVERY_MS = 60_000;
const TRY_AGAIN_MS = 2_000;

/** Error codes of a folder that cannot be written to, or is no folder: stored data then ends with the process. */
const UNWRITABLE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOTDIR']);

/** SQLite's errors for a file that it cannot read: SQLITE_NOTADB and SQLITE_CORRUPT. */
const DAMAGED = /file is not a database|database disk image is malformed/i;

/** The files of a database: itself and its write-ahead log. */
const FILE_ENDINGS = ['', '-wal'];

/** The store while it is open. */
interface OpenStore {
  readonly thread: SqliteThread;
  readonly documents: SqliteDocuments;
  readonly runLogs: SqliteRunLogs;
  readonly schedules: SqliteSchedules;
  /** Undefined if it is in memory. */
  readonly lock: FolderLock | undefined;
}

/**
 * The embedded store: SQLite in `RUNS_DIR`, for one process. It is opened when the first document is stored, or
 * searched for if an earlier process has left some; until then nothing of it is loaded.
 */
export class EmbeddedStore extends DocumentStore implements OnApplicationShutdown {
  readonly #logger = new Logger('Store');
  readonly #file: string;
  #opening: Promise<OpenStore> | undefined;
  /** Monotonic time before which it is not opened again. */
  #notBefore = 0;
  /** True after the warning that another process has the folder, until this one has it. */
  #hasWarned = false;
  /** True after the error that the database cannot be read, until it can. */
  #hasReportedDamage = false;
  #sweep: Timer | undefined;
  /** The lock of the open store. */
  #thread: SqliteThread | undefined;
  #isClosed = false;
  readonly #lossListeners: (() => void)[] = [];
  /** False after a failure, until it works again. */
  isUp = true;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly ids: IdSource,
  ) {
    super();
    this.#file = join(config.store.folder, 'runs.db');
  }

  override get isOn(): boolean {
    return this.config.store.isOn;
  }

  override get canKeep(): boolean {
    return this.isOn && (this.#opening !== undefined || this.clock.monotonic() >= this.#notBefore);
  }

  protected override async write(document: StoredDocument): Promise<PutVerdict> {
    return this.isOn ? this.#use(({ documents }) => documents.put(document)) : 'refused';
  }

  override async find(id: string, owner: string): Promise<Pick<StoredDocument, 'json'> | undefined> {
    return (await this.hasAny()) ? this.#use(({ documents }) => documents.find(id, owner)) : undefined;
  }

  override async findParts(ids: readonly string[], owner: string): Promise<ReadonlyMap<string, string>> {
    return (await this.hasAny()) ? this.#use(({ documents }) => documents.findParts(ids, owner)) : new Map();
  }

  override async remove(id: string, owner: string): Promise<boolean> {
    return (await this.hasAny()) && this.#use(({ documents }) => documents.remove(id, owner));
  }

  /** Whether anything can be in it. Looking for something that does not exist creates no files. */
  async hasAny(): Promise<boolean> {
    if (!this.isOn) return false;
    if (this.#opening !== undefined) return true;
    return stat(this.#file).then(
      () => true,
      () => false,
    );
  }

  /**
   * False if the folder, or the one in which it would be created, cannot be written to: stored data then ends with this
   * process.
   */
  async canLast(): Promise<boolean> {
    for (let folder = resolve(this.config.store.folder); ; folder = dirname(folder)) {
      try {
        await access(folder, constants.W_OK);
        return (await stat(folder)).isDirectory();
      } catch (error) {
        if (readErrorCode(error) !== 'ENOENT' || dirname(folder) === folder) return false;
      }
    }
  }

  /**
   * Works on the logs of runs in it.
   * @throws OverloadedError while it is unavailable
   */
  useRunLogs<T>(work: (runLogs: SqliteRunLogs) => Promise<T>): Promise<T> {
    return this.#use(({ runLogs }) => work(runLogs));
  }

  /**
   * Works on the schedules in it.
   * @throws OverloadedError while it is unavailable
   */
  useSchedules<T>(work: (schedules: SqliteSchedules) => Promise<T>): Promise<T> {
    return this.#use(({ schedules }) => work(schedules));
  }

  async onApplicationShutdown(): Promise<void> {
    this.#isClosed = true;
    const open = await this.#opening?.catch(() => undefined);
    if (open !== undefined) await this.#close(open);
  }

  async #use<T>(work: (open: OpenStore) => Promise<T>): Promise<T> {
    const open = await this.#open();
    try {
      const result = await work(open);
      this.isUp = true;
      return result;
    } catch (error) {
      this.isUp = false;
      if (open.thread.isFenced) this.#lose(open);
      else if (open.thread.hasEnded) await this.#leave(open);
      throw this.#makeAwayError(error);
    }
  }

  #open(): Promise<OpenStore> {
    if (this.#opening !== undefined) return this.#opening;
    if (this.#isClosed || this.clock.monotonic() < this.#notBefore)
      return Promise.reject(this.#makeAwayError(undefined));
    const opening = this.#tryToOpen();
    this.#opening = opening;
    opening.catch(() => {
      if (this.#opening === opening) this.#giveUp();
    });
    return opening;
  }

  async #tryToOpen(): Promise<OpenStore> {
    const { folder } = this.config.store;
    let lock: FolderLock | undefined;
    try {
      lock = await FolderLock.take(folder, this.clock, this.ids, () => void this.#loseCurrent());
    } catch (error) {
      if (!UNWRITABLE.has(readErrorCode(error))) throw this.#makeAwayError(error);
      this.#logger.warn(
        `RUNS_DIR (${folder}) cannot be written to (${readErrorCode(error)}): stored runs and responses are kept in memory, and end with this process.`,
      );
      return this.#openFile(':memory:', undefined);
    }
    if (lock === undefined) {
      if (!this.#hasWarned) {
        this.#logger.warn(
          `Another process works on RUNS_DIR (${folder}): this one stores nothing, and tries again from time to time. One process serves the runs of a folder: set WEB_CONCURRENCY=1, give each service or replica a folder of its own, or turn stored runs off (RUNS=off).`,
        );
      }
      this.#hasWarned = true;
      throw this.#makeAwayError(undefined);
    }
    this.#hasWarned = false;
    try {
      // SQLite's own lock, left by a process that was killed.
      await rm(`${this.#file}.lock`, { recursive: true, force: true });
      if (lock.mayHaveOther) await leaveFilesBehind(this.#file);
      return await this.#openFile(this.#file, lock);
    } catch (error) {
      await lock.release().catch(() => undefined);
      throw this.#makeAwayError(error);
    }
  }

  async #openFile(file: string, lock: FolderLock | undefined): Promise<OpenStore> {
    const [{ SqliteThread }, { migrate }, { SqliteDocuments }, { SqliteRunLogs }, { SqliteSchedules }] =
      await Promise.all([
        import('./sqlite/sqlite-thread.js'),
        import('./sqlite/migrations.js'),
        import('./sqlite/sqlite-documents.js'),
        import('./sqlite/sqlite-run-logs.js'),
        import('./sqlite/sqlite-schedules.js'),
      ]);
    const thread = await SqliteThread.open(file, lock);
    try {
      await migrate(thread);
    } catch (error) {
      await thread.close().catch(() => undefined);
      throw error;
    }
    const documents = new SqliteDocuments(thread, this.clock, readDocumentLimits(this.config));
    const runLogs = new SqliteRunLogs(thread, this.clock, readRunLimits(this.config));
    const open = { thread, documents, runLogs, schedules: new SqliteSchedules(thread), lock };
    this.#thread = thread;
    this.#hasReportedDamage = false;
    this.#sweepLater(open);
    return open;
  }

  /** Continues after a failure, too: a full disk can be freed. */
  #sweepLater(open: OpenStore): void {
    this.#sweep = this.clock.after(SWEEP_EVERY_MS, () => {
      void Promise.all([open.documents.sweep(), open.runLogs.sweep()])
        .catch((error: unknown) => {
          if (!open.thread.hasEnded) this.#makeAwayError(error);
        })
        .then(() => {
          if (!open.thread.hasEnded) this.#sweepLater(open);
        });
    });
  }

  /** Calls back each time that another process has taken over the folder from this one. */
  watchLoss(onLost: () => void): void {
    this.#lossListeners.push(onLost);
  }

  async #loseCurrent(): Promise<void> {
    const open = await this.#opening?.catch(() => undefined);
    if (open !== undefined) this.#lose(open);
  }

  /** Another process has the folder: nothing may be written any more, not even by closing the database. */
  #lose({ thread, lock }: OpenStore): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    this.#logger.error('Another process has taken over RUNS_DIR, because this one was suspended for too long.');
    this.#giveUp();
    void thread.abandon();
    void lock?.release().catch(() => undefined);
    for (const onLost of this.#lossListeners) onLost();
  }

  #giveUp(): void {
    this.isUp = false;
    this.#opening = undefined;
    this.#sweep?.cancel();
    this.#notBefore = this.clock.monotonic() + TRY_AGAIN_MS;
  }

  /** The database thread has ended by itself: the next one needs the lock that this one had. */
  async #leave({ thread, lock }: OpenStore): Promise<void> {
    const current = await this.#opening?.catch(() => undefined);
    if (current?.thread !== thread) return;
    this.#giveUp();
    await lock?.release().catch(() => undefined);
  }

  async #close({ thread, lock }: OpenStore): Promise<void> {
    this.#sweep?.cancel();
    try {
      await thread.close();
    } finally {
      await lock?.release();
    }
  }

  /** @param cause logged for operators; undefined: already logged */
  #makeAwayError(cause: unknown): OverloadedError {
    if (cause instanceof OverloadedError) return cause;
    if (cause !== undefined) this.#tell(cause);
    return new OverloadedError(
      'Stored runs and responses cannot be reached at the moment. Send the request again in a moment.',
      {
        code: 'store_unavailable',
        retryAfterMs: TRY_AGAIN_MS,
      },
    );
  }

  #tell(cause: unknown): void {
    if (!(cause instanceof Error && DAMAGED.test(cause.message))) {
      this.#logger.error('The store failed', formatStackForLog(cause));
      return;
    }
    if (this.#hasReportedDamage) return;
    this.#hasReportedDamage = true;
    this.#logger.error(
      `The database in RUNS_DIR (${this.#file}) cannot be read: ${cause.message}. Nothing is stored until it is moved away, with what is called ${this.#file}-wal; then a new one is made. Millrace deletes neither.`,
    );
  }
}

/**
 * Replaces the files of a database by copies. A process that was suspended in the middle of a write has the old files
 * open, and continues to write into those.
 */
async function leaveFilesBehind(file: string): Promise<void> {
  for (const ending of FILE_ENDINGS) {
    const path = `${file}${ending}`;
    try {
      await copyFile(path, `${path}.copy`, constants.COPYFILE_FICLONE);
    } catch (error) {
      if (readErrorCode(error) === 'ENOENT') continue;
      throw error;
    }
    await rename(`${path}.copy`, path);
  }
}
