import type { Clock } from '../../../kernel/index.js';
import type { PostgresDatabase } from './postgres-database.js';

/** Most rows of a log that are worked on at once, events of one packed row, and bytes before it is packed. */
const PACKED_ROWS = 1_000;
const PACKED_EVENTS = 250;
const PACKED_LENGTH = 256 * 1024;

/** So many that have expired are removed at once: a log has many rows. */
const SWEPT_AT_ONCE = 1_000;
const SWEPT_LOGS_AT_ONCE = 50;

/** One process at a time removes what has expired: any number that nobody else uses. */
const SWEEP_LOCK = 7_214_600_302;

/** For so long, processes that nobody hears of any more are remembered. Seconds. */
const WORKERS_KEPT_S = 3_600;

/** PostgreSQL compresses long values by itself: what is repeated from event to event goes once they stand in one. */
const PACK = `
    with piece as (
      select first, last, events, sum(last - first + 1) over ordered as count, sum(octet_length(events)) over ordered as length
      from (
        select first, last, events from millrace.run_log where run = $1 and first >= $2::int and not is_packed
          and exists (select from millrace.runs where id = $1 and finished is not null)
        order by first limit ${PACKED_ROWS}
      ) as unpacked window ordered as (order by first)
    ), packed as (
      select min(first) as first, max(last) as last,
        '[' || string_agg(substr(events, 2, length(events) - 2), ',' order by first) || ']' as events
      from piece group by (count - 1) / ${PACKED_EVENTS}, length / ${PACKED_LENGTH}
    ), removed as (
      delete from millrace.run_log using packed
      where run_log.run = $1 and run_log.first > packed.first and run_log.first <= packed.last
    ), written as (
      update millrace.run_log set last = packed.last, events = packed.events, is_packed = true
      from packed where run_log.run = $1 and run_log.first = packed.first
    ) select max(last) as last from packed`;

const LOGS = `
  update millrace.runs set has_log = false, key = null where id in (
    select id from millrace.runs where log_expires <= $1::bigint and finished is not null and has_log
    order by id limit ${SWEPT_LOGS_AT_ONCE} for update skip locked) returning 1`;
const RUNS = `
  delete from millrace.runs where id in (
    select id from millrace.runs where expires <= $1::bigint and finished is not null
    order by id limit ${SWEPT_LOGS_AT_ONCE} for update skip locked) returning 1`;
const DOCUMENTS = `
  delete from millrace.documents where id in (
    select id from millrace.documents where expires <= $1::bigint limit ${SWEPT_AT_ONCE} for update skip locked) returning 1`;

/** What makes logs smaller, and removes what has expired. */
export class PostgresUpkeep {
  constructor(
    private readonly database: PostgresDatabase,
    private readonly clock: Clock,
  ) {}

  /** See `RunLogStore.pack`. */
  async pack(id: string): Promise<void> {
    for (let first = 0; ;) {
      const [row] = await this.database.query(PACK, [id, first]);
      const last = row?.['last'];
      if (typeof last !== 'number') return;
      first = last + 1;
    }
  }

  /** Removes what has expired, in portions, unless another process is about it. */
  async sweep(): Promise<void> {
    for (const [sql, portion] of [
      [LOGS, SWEPT_LOGS_AT_ONCE],
      [RUNS, SWEPT_LOGS_AT_ONCE],
      [DOCUMENTS, SWEPT_AT_ONCE],
    ] as const) {
      while ((await this.#sweep(sql)) === portion);
    }
    await this.database.transact((session) =>
      session.query(`delete from millrace.run_workers where seen < now() - make_interval(secs => $1)`, [
        WORKERS_KEPT_S,
      ]),
    );
  }

  #sweep(sql: string): Promise<number> {
    return this.database.transact(async (session) => {
      const [lock] = await session.query('select pg_try_advisory_xact_lock($1) as is_mine', [SWEEP_LOCK]);
      return lock?.['is_mine'] === true ? (await session.query(sql, [this.clock.now()])).length : 0;
    });
  }
}
