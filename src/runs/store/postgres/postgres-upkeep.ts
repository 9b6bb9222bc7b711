import type { Clock } from '../../../kernel/index.js';
import { packText } from '../packed-text.js';
import type { PostgresDatabase } from './postgres-database.js';
import type { PostgresRow } from './postgres-session.js';

/** Most rows of a log handled at once, events of one packed row, and characters before packing. */
const PACKED_ROWS = 1_000;
const PACKED_EVENTS = 250;
const PACKED_LENGTH = 256 * 1024;

/** Most expired rows removed at once: a log has many rows. */
const SWEPT_AT_ONCE = 1_000;
const SWEPT_LOGS_AT_ONCE = 50;

/** The advisory lock for removing expired data in one process at a time: any number that nothing else uses. */
const SWEEP_LOCK = 7_214_600_302;

/** How long silent processes are remembered, in seconds. */
const WORKERS_KEPT_S = 3_600;

/** The unpacked log rows of a run that is over or waits, from the beginning on. */
const FIND_UNPACKED = `
  select first, last, events from millrace.run_log where run = $1 and not is_packed
    and exists (select from millrace.runs where id = $1 and (finished is not null or status = 'waiting'))
  order by first limit ${PACKED_ROWS}`;
const PACK_LOG = 'select millrace.pack_log_1($1, $2, $3, $4)';

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

/** Packs logs, and removes expired data. */
export class PostgresUpkeep {
  constructor(
    private readonly database: PostgresDatabase,
    private readonly clock: Clock,
  ) {}

  /** See `RunLogStore.pack`. */
  async pack(id: string): Promise<void> {
    for (let isLast = false; !isLast;) {
      const rows = await this.database.query(FIND_UNPACKED, [id]);
      isLast = rows.length < PACKED_ROWS;
      if (rows.length === 0) return;
      const pieces = joinRows(rows);
      const texts = await Promise.all(
        pieces.map(({ events }) => packText(`[${events.join(',')}]`, Number.POSITIVE_INFINITY)),
      );
      await this.database.query(PACK_LOG, [
        id,
        pieces.map(({ first }) => first),
        pieces.map(({ last }) => last),
        texts,
      ]);
    }
  }

  /** Removes expired data in portions, unless another process is doing it. */
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

/** Rows of a log to be joined into one. */
interface JoinedRows {
  readonly first: number;
  last: number;
  /** The text between the brackets of each row. */
  readonly events: string[];
}

/** @param rows that follow one another */
function joinRows(rows: readonly PostgresRow[]): readonly JoinedRows[] {
  const pieces: JoinedRows[] = [];
  let length = 0;
  for (const row of rows) {
    const [first, last, events] = [Number(row['first']), Number(row['last']), String(row['events']).slice(1, -1)];
    const piece = pieces.at(-1);
    if (piece?.last === first - 1 && last - piece.first < PACKED_EVENTS && (length += events.length) < PACKED_LENGTH) {
      piece.last = last;
      piece.events.push(events);
    } else {
      pieces.push({ first, last, events: [events] });
      length = events.length;
    }
  }
  return pieces;
}
