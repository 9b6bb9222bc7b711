import { Logger } from '@nestjs/common';
import pg from 'pg';
import { formatStackForLog, OverloadedError } from '../../../errors/index.js';
import { type Clock, describeError, readErrorCode, settleInTime, type Timer } from '../../../kernel/index.js';
import { migrate } from './migrations.js';
import type { PostgresRow, PostgresSession, PostgresValue } from './postgres-session.js';

/** Most connections of one process, beside the one that listens. */
const MOST_CONNECTIONS = 10;
/** Time limit of a connection, and of all work requested together. Milliseconds. */
const CONNECT_LIMIT_MS = 3_000;
const LIMIT_MS = 4_500;
/**
 * Pause after a failure before its tables are checked again, and the pause that clients are asked to make.
 * Milliseconds.
 */
const TRY_AGAIN_MS = 2_000;

/**
 * Begins a transaction. The database gives up before this process does, and releases the locks of a suspended process.
 */
const BEGIN = `begin; set local statement_timeout = ${LIMIT_MS}; set local idle_in_transaction_session_timeout = ${LIMIT_MS}`;

const PROBE = 'select 1';

/** PostgreSQL's code for a transaction that was rolled back because of a deadlock. */
const DEADLOCK = '40P01';

/**
 * Prefixes of PostgreSQL's codes that are not about a statement: connection, credentials, missing database, resources,
 * shutdown.
 */
const AWAY_CODES = ['08', '28', '3D', '53', '57'];

/** The name of this service's connections in the database. */
const APPLICATION_NAME = 'millrace';

/**
 * A PostgreSQL database. It connects when it is first used. While it is unavailable, every request is refused within
 * five seconds.
 */
export class PostgresDatabase {
  readonly #logger = new Logger('Store');
  readonly #pool: pg.Pool;
  readonly #url: string;
  readonly #clock: Clock;
  #isClosed = false;
  #opening: Promise<void> | undefined;
  #isOpen = false;
  /** Monotonic time before which its tables are not checked again. */
  #notBefore = 0;
  /** The logged reason why it cannot be used. */
  #told: string | undefined;
  readonly #onOpen: () => void;
  /** False after a failure, until it works again. */
  isUp = true;
  #probe: Timer | undefined;
  /** Monotonic time at which it was last unavailable. */
  #awayAt: number | undefined;

  /** @param onOpen called once, when it can be used for the first time */
  constructor(url: string, clock: Clock, onOpen: () => void) {
    this.#url = url;
    this.#clock = clock;
    this.#onOpen = onOpen;
    this.#pool = new pg.Pool({
      connectionString: url,
      max: MOST_CONNECTIONS,
      connectionTimeoutMillis: CONNECT_LIMIT_MS,
      allowExitOnIdle: true,
      keepAlive: true,
      application_name: APPLICATION_NAME,
    });
    // An idle connection has ended; the pool opens another one.
    this.#pool.on('error', () => undefined);
  }

  /** How long it has been available again, in milliseconds; undefined: it was never unavailable. */
  get reachedForMs(): number | undefined {
    return this.#awayAt === undefined ? undefined : this.#clock.monotonic() - this.#awayAt;
  }

  /** @throws OverloadedError if the database cannot do it now */
  async query(sql: string, values: readonly PostgresValue[]): Promise<readonly PostgresRow[]> {
    return this.#try(async (deadline) => {
      await this.#waitUntilOpen(deadline);
      return this.#use(deadline, async (client) => {
        const { rows } = await client.query<PostgresRow>(sql, values.map(replaceZeros));
        return rows;
      });
    });
  }

  /**
   * Runs `work` in a transaction. `work` may be called twice, if the first transaction was rolled back.
   * @throws OverloadedError if the database cannot do it now
   */
  async transact<T>(work: (session: PostgresSession) => Promise<T>): Promise<T> {
    return this.#try(async (deadline) => {
      await this.#waitUntilOpen(deadline);
      return this.#transact(deadline, work);
    });
  }

  /** A separate connection, not open yet. */
  makeClient(): pg.Client {
    return new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: CONNECT_LIMIT_MS,
      keepAlive: true,
      application_name: APPLICATION_NAME,
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#probe?.cancel();
    await this.#pool.end();
  }

  /** @param work gets the monotonic time by which all of it must be done */
  async #try<T>(work: (deadline: number) => Promise<T>): Promise<T> {
    const deadline = this.#makeDeadline();
    try {
      let result: T;
      try {
        result = await work(deadline);
      } catch (error) {
        if (readErrorCode(error) !== DEADLOCK) throw error;
        result = await work(deadline);
      }
      if (this.#told !== undefined) this.#logger.log('The store works again');
      this.#told = undefined;
      this.isUp = true;
      this.#probe?.cancel();
      this.#probe = undefined;
      return result;
    } catch (error) {
      throw this.#makeAwayError(error);
    }
  }

  #makeDeadline(): number {
    return this.#clock.monotonic() + LIMIT_MS;
  }

  /** Preparing its tables may take longer than the first request can wait. */
  async #waitUntilOpen(deadline: number): Promise<void> {
    const opening = this.#open();
    if (this.#isOpen) return;
    await settleInTime(opening, this.#clock, this.#findTimeLeft(deadline), refuseLate);
  }

  #findTimeLeft(deadline: number): number {
    return Math.max(1, deadline - this.#clock.monotonic());
  }

  async #connect(deadline: number): Promise<pg.PoolClient> {
    const connecting = this.#pool.connect();
    const leftMs = this.#findTimeLeft(deadline);
    // The pool keeps to its own limit.
    if (leftMs >= CONNECT_LIMIT_MS) return connecting;
    return settleInTime(connecting, this.#clock, leftMs, () => {
      void connecting.then((client) => client.release()).catch(() => undefined);
      return refuseLate();
    });
  }

  #open(): Promise<void> {
    if (this.#opening !== undefined) return this.#opening;
    if (this.#isClosed || this.#clock.monotonic() < this.#notBefore)
      return Promise.reject(this.#makeAwayError(undefined));
    const opening = this.#transact(this.#makeDeadline(), migrate).then(() => {
      this.#isOpen = true;
      this.#onOpen();
    });
    this.#opening = opening;
    opening.catch(() => {
      this.#opening = undefined;
    });
    return opening;
  }

  #transact<T>(deadline: number, work: (session: PostgresSession) => Promise<T>): Promise<T> {
    return this.#use(deadline, async (client) => {
      await client.query(BEGIN);
      const result = await work({
        query: async (sql, values = []) =>
          // Without values, one text may hold several statements.
          (await client.query<PostgresRow>(sql, values.length === 0 ? undefined : values.map(replaceZeros))).rows,
      });
      await client.query('commit');
      return result;
    });
  }

  async #use<T>(deadline: number, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#connect(deadline);
    // A failing connection rejects the query that waits for its reply.
    const ignore = (): void => undefined;
    client.on('error', ignore);
    let isLate = false;
    const timer = this.#clock.after(this.#findTimeLeft(deadline), () => {
      isLate = true;
      client.release(true);
    });
    let hasFailed = true;
    try {
      const result = await work(client);
      hasFailed = false;
      return result;
    } catch (error) {
      throw isLate ? new LateError() : error;
    } finally {
      timer.cancel();
      client.off('error', ignore);
      // The rest of its work ends with its connection.
      if (!isLate) client.release(hasFailed);
      else client.on('error', ignore);
    }
  }

  /** @param cause logged for operators; undefined: already logged */
  #makeAwayError(cause: unknown): OverloadedError {
    if (cause instanceof OverloadedError) return cause;
    if (cause !== undefined) {
      this.isUp = false;
      if (!isOfStatement(cause)) this.#awayAt = this.#clock.monotonic();
      this.#notBefore = this.#clock.monotonic() + TRY_AGAIN_MS;
      if (!this.#isClosed) {
        this.#tell(cause);
        this.#probeLater();
      }
    }
    return new OverloadedError(
      'Stored runs and responses cannot be reached at the moment. Send the request again in a moment.',
      { code: 'store_unavailable', retryAfterMs: TRY_AGAIN_MS },
    );
  }

  /** Checks in one place whether the database is back, so that optional users do not each try for seconds. */
  #probeLater(): void {
    this.#probe ??= this.#clock.after(TRY_AGAIN_MS, () => {
      this.#probe = undefined;
      this.query(PROBE, []).catch(() => undefined);
    });
  }

  #tell(cause: unknown): void {
    if (this.#isOpen && isOfStatement(cause)) {
      this.#logger.error('The store failed', formatStackForLog(cause));
      return;
    }
    // Logged once, not for each request.
    const message = describeCause(cause);
    if (this.#told === message) return;
    this.#told = message;
    this.#logger.error(
      `PostgreSQL (${describeAddress(this.#url)}) cannot be used: ${message}. What needs stored runs is refused until it can; all else is served.`,
    );
  }
}

/** True if the database is available and has refused a statement. */
function isOfStatement(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !AWAY_CODES.includes(String(error.code).slice(0, 2));
}

/** The database has not answered in time. */
class LateError extends Error {
  override readonly message = `it did not answer within ${LIMIT_MS} ms`;
}

const refuseLate = (): Promise<never> => Promise.reject(new LateError());

/** PostgreSQL's texts cannot hold the character 0, so a search for one that does finds nothing. */
function replaceZeros(value: PostgresValue): unknown {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;
  return Array.isArray(value) ? value.map(replaceZeros) : value;
}

/** If a name has several addresses, the outer error has no message of its own. */
function describeCause(error: unknown): string {
  const { message } = describeError(error);
  if (message !== '') return message;
  const code = readErrorCode(error);
  return code === 'unknown' ? 'the connection failed' : code;
}

/** Without credentials and options. */
function describeAddress(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `${host}${pathname}`;
  } catch {
    return 'RUNS_DATABASE_URL';
  }
}
