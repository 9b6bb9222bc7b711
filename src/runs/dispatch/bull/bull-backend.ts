import {
  createPostgresBackend,
  DelayedError,
  type Job,
  type PostgresConnectionOptions,
  Queue,
  runMigrations,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { readErrorCode } from '../../../kernel/index.js';

/** BullMQ's tables have a schema of their own. */
const SCHEMA = 'bullmq';
/** Prefix of BullMQ's names in Redis. */
const PREFIX = 'millrace';
/** Connections of one process to PostgreSQL for statements. In addition, each worker has one that listens. */
const MOST_CONNECTIONS = 4;
const CONNECT_LIMIT_MS = 3_000;
/** PostgreSQL's codes for a missing schema, table or function. */
const LOST_CODES: ReadonlySet<string> = new Set(['3F000', '42P01', '42883']);

/** What a worker does with a job. */
type Processor<T> = (job: Job<T>, token: string | undefined) => Promise<void>;

/** Options of a worker that do not depend on where its queue is. */
type QueueOptions = Omit<WorkerOptions, 'connection' | 'prefix'>;

/** Where BullMQ keeps its queues. */
export interface BullBackend {
  /**
   * To be called before workers are made.
   * @param count how many there will be
   */
  expectWorkers(count: number): void;
  /** Creates what the queues need and is missing. */
  prepare(): Promise<void>;
  makeQueue<T>(name: string): Queue<T>;
  makeWorker<T>(name: string, process: Processor<T>, options: QueueOptions): Worker<T>;
  /** The error that makes a worker leave a job that was moved. */
  makeDelayedError(): Error;
  /** True if an error shows that something made by {@link prepare} is missing. */
  hasLostTables(error: unknown): boolean;
  close(): Promise<void>;
}

/** PostgreSQL, beside the runs. */
export class PostgresBackend implements BullBackend {
  readonly #pool: pg.Pool;

  constructor(url: string) {
    this.#pool = new pg.Pool({
      connectionString: url,
      options: `-c search_path=${SCHEMA}`,
      max: MOST_CONNECTIONS + 1,
      connectionTimeoutMillis: CONNECT_LIMIT_MS,
      keepAlive: true,
      allowExitOnIdle: true,
      application_name: 'millrace-queue',
    });
    // An idle connection has ended; the pool opens another one.
    this.#pool.on('error', () => undefined);
  }

  /** Its type has an index signature, which pools do not have. */
  get #connection(): PostgresConnectionOptions {
    return this.#pool as unknown as PostgresConnectionOptions;
  }

  expectWorkers(count: number): void {
    this.#pool.options.max = MOST_CONNECTIONS + count;
  }

  async prepare(): Promise<void> {
    const client = await this.#pool.connect();
    try {
      await runMigrations(client, SCHEMA);
    } finally {
      client.release();
    }
  }

  makeQueue<T>(name: string): Queue<T> {
    return new Queue(name, { connection: this.#connection }, createPostgresBackend) as unknown as Queue<T>;
  }

  makeWorker<T>(name: string, process: Processor<T>, options: QueueOptions): Worker<T> {
    return new Worker(
      name,
      process,
      { ...options, connection: this.#connection },
      createPostgresBackend,
    ) as unknown as Worker<T>;
  }

  makeDelayedError(): Error {
    return new DelayedError();
  }

  hasLostTables(error: unknown): boolean {
    return LOST_CODES.has(readErrorCode(error));
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

/** Redis, beside the database that has the runs. */
export class RedisBackend implements BullBackend {
  readonly #url: string;
  readonly #connections: Redis[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  expectWorkers(): void {
    // Each has a connection of its own.
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  makeQueue<T>(name: string): Queue<T> {
    // Adding a run does not wait while Redis is unavailable.
    return new Queue<T>(name, { connection: this.#connect(1), prefix: PREFIX });
  }

  makeWorker<T>(name: string, process: Processor<T>, options: QueueOptions): Worker<T> {
    return new Worker<T>(name, process, { ...options, connection: this.#connect(null), prefix: PREFIX });
  }

  makeDelayedError(): Error {
    return new DelayedError();
  }

  hasLostTables(): boolean {
    return false;
  }

  close(): Promise<void> {
    for (const connection of this.#connections) connection.disconnect();
    return Promise.resolve();
  }

  #connect(maxRetriesPerRequest: number | null): Redis {
    const connection = new Redis(this.#url, { maxRetriesPerRequest });
    // BullMQ reports these errors itself.
    connection.on('error', () => undefined);
    this.#connections.push(connection);
    return connection;
  }
}
