import type { Clock } from '../../../kernel/index.js';
import type { SqliteThread } from './sqlite-thread.js';

/** Most events of one packed row, and characters before it is packed. */
const PACKED_EVENTS = 250;
const PACKED_LENGTH = 256 * 1024;

/** Most expired rows removed at once: a log has many rows. */
const SWEPT_AT_ONCE = 20;

/** Packs logs, and removes expired ones. */
export class SqliteUpkeep {
  constructor(
    private readonly thread: SqliteThread,
    private readonly clock: Clock,
  ) {}

  /** See `RunLogStore.pack`. */
  async pack(id: string): Promise<void> {
    for (;;) {
      const [rows] = await this.thread.transact([
        [
          `select min(first) as first, max(last) as last from (
             select first, last, row_number() over rows as place, sum(last - first + 1) over rows as count, sum(length(events)) over rows as length
             from (
               select first, last, events from run_log where run = ?1 and typeof(events) = 'text'
                 and exists (select 1 from runs where id = ?1 and (finished is not null or status = 'waiting'))
               order by first limit ?2
             ) window rows as (order by first)
           ) where place = 1 or (count <= ?2 and length <= ?3)`,
          [id, PACKED_EVENTS, PACKED_LENGTH],
        ],
      ]);
      const { first, last } = rows?.[0] ?? {};
      if (typeof first !== 'number' || typeof last !== 'number') return;
      await this.thread.transact([
        [
          `update run_log set last = ?3, events = (
             select pack('[' || group_concat(substr(events, 2, length(events) - 2), ',') || ']')
             from (select events from run_log where run = ?1 and first between ?2 and ?3 order by first)
           ) where run = ?1 and first = ?2 and typeof(events) = 'text'`,
          [id, first, last],
        ],
        // Unless it was packed meanwhile.
        [
          `delete from run_log where run = ?1 and first > ?2 and first <= ?3
             and exists (select 1 from run_log where run = ?1 and first = ?2 and last = ?3)`,
          [id, first, last],
        ],
      ]);
    }
  }

  /** Removes what has expired. */
  async sweep(): Promise<void> {
    const now = this.clock.now();
    await this.#sweep(
      `update runs set has_log = 0, key = null where id in (
         select id from runs where log_expires <= ? and finished is not null and has_log = 1 limit ?) returning 1`,
      now,
    );
    await this.#sweep(
      `delete from runs where id in (select id from runs where expires <= ? and finished is not null limit ?) returning 1`,
      now,
    );
  }

  async #sweep(sql: string, now: number): Promise<void> {
    for (;;) {
      const [removed] = await this.thread.transact([[sql, [now, SWEPT_AT_ONCE]]]);
      if (removed === undefined || removed.length < SWEPT_AT_ONCE) return;
    }
  }
}
