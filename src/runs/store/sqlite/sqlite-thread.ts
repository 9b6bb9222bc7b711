import { Worker } from 'node:worker_threads';
import { LONGEST_PACKED, PACKING_DICTIONARY } from '../packing-dictionary.js';

/** A value of a column. */
export type SqlValue = string | number | null;

/** SQL, and the values of its placeholders. */
export type SqlStep = readonly [sql: string, values?: readonly SqlValue[]];

/** A result row of a statement. */
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** A message from the thread. */
type ThreadMessage = { readonly id: number } & (
  | { readonly rows: readonly (readonly SqlRow[])[] }
  | {
      readonly fault: string;
      /** True if another process has the folder. */
      readonly isFenced?: true;
    }
);

interface PendingMessage {
  readonly resolve: (rows: readonly (readonly SqlRow[])[]) => void;
  readonly reject: (error: Error) => void;
}

/** The lock that the thread checks around each commit. */
interface HeldLock {
  readonly file: string;
  readonly token: string;
}

/** The id of the message that the thread sends once it has opened the database. */
const OPENED = 0;

/** A SQLite database in a thread of its own, one transaction after the other. */
export class SqliteThread {
  readonly #thread: Worker;
  readonly #waiting = new Map<number, PendingMessage>();
  #lastId = OPENED;
  #fault: Error | undefined;
  #isFenced = false;

  private constructor(file: string, lock: HeldLock | undefined) {
    this.#thread = new Worker(new URL('./sqlite.worker.mjs', import.meta.url), {
      workerData: {
        file,
        lock: lock && { file: lock.file, token: lock.token },
        packing: { dictionary: PACKING_DICTIONARY, longest: LONGEST_PACKED },
      },
    });
    this.#thread.on('message', (message: ThreadMessage) => this.#settle(message));
    // An error from another thread is not always an instance of a class of this one.
    this.#thread.on('error', ({ message, stack }) => this.#fail(Object.assign(new Error(message), { stack })));
    this.#thread.on('exit', (code) => this.#fail(new Error(`The thread of the database ended with ${code}`)));
    // It keeps the process alive only while something waits for it.
    this.#thread.unref();
  }

  /**
   * Opens a database, which is created if it is missing.
   * @param file its path, or `:memory:`
   * @param lock needed for every write; undefined: no other process can have the database
   * @throws Error if it cannot be opened
   */
  static async open(file: string, lock?: HeldLock): Promise<SqliteThread> {
    const thread = new SqliteThread(file, lock);
    await thread.#wait(OPENED);
    return thread;
  }

  /** True once the thread has ended, by a fault or because it was closed. */
  get hasEnded(): boolean {
    return this.#fault !== undefined;
  }

  /** True once the thread has found the lock with another process: its last write is void, and it ends. */
  get isFenced(): boolean {
    return this.#isFenced;
  }

  /**
   * Runs all statements in one transaction, or none.
   * @returns the rows of each
   * @throws Error with SQLite's message if a step fails; if the thread has ended
   */
  transact(steps: readonly SqlStep[]): Promise<readonly (readonly SqlRow[])[]> {
    return this.#send(steps);
  }

  /** Ends the thread when all pending work is done. */
  async close(): Promise<void> {
    if (this.hasEnded) return;
    await this.#send(undefined);
    await this.#thread.terminate();
  }

  /** Ends the thread at once, and leaves the files as they are. */
  async abandon(): Promise<void> {
    await this.#thread.terminate();
  }

  #send(steps: readonly SqlStep[] | undefined): Promise<readonly (readonly SqlRow[])[]> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    const id = ++this.#lastId;
    this.#thread.postMessage({ id, steps });
    return this.#wait(id);
  }

  #wait(id: number): Promise<readonly (readonly SqlRow[])[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#thread.ref();
    });
  }

  #settle(message: ThreadMessage): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (this.#waiting.size === 0) this.#thread.unref();
    if ('rows' in message) waiting?.resolve(message.rows);
    else {
      if (message.isFenced === true) this.#fence(new Error(message.fault));
      waiting?.reject(new Error(message.fault));
    }
  }

  #fence(error: Error): void {
    this.#isFenced = true;
    this.#fail(error);
  }

  #fail(error: Error): void {
    this.#fault ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
