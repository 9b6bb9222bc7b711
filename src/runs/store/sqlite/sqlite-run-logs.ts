import type { Clock } from '../../../kernel/index.js';
import type { LoggedEvent } from '../../log/logged-event.js';
import type { LogBatch, LoggedRun, LoggedStatus, LogPage, NewLoggedRun } from '../run-log-store.js';
import type { SqliteThread, SqlRow, SqlStep } from './sqlite-thread.js';

/** Most rows of one page, and after how many characters it has enough. Each row is what one run said in one commit. */
const PAGE_ROWS = 200;
const PAGE_LENGTH = 256 * 1024;

/** So many that have expired are removed at once: a log has many rows. */
const SWEPT_AT_ONCE = 20;

const RUN_COLUMNS = `id, owner, status, epoch, created, head,
  coalesce((select last + 1 from run_log where run = runs.id order by first desc limit 1), 0) as length`;

/** Logs of runs in a SQLite database. */
export class SqliteRunLogs {
  /** @param ttlMs how long they are kept after the end of their runs, in milliseconds */
  constructor(
    private readonly thread: SqliteThread,
    private readonly clock: Clock,
    private readonly ttlMs: number,
  ) {}

  async create({ id, owner, createdAt, request, head }: NewLoggedRun): Promise<void> {
    await this.thread.transact([
      [
        `insert into runs (id, owner, status, epoch, created, expires, request, head) values (?, ?, 'queued', 0, ?, ?, ?, ?)`,
        [id, owner, createdAt, createdAt + this.ttlMs, request, head],
      ],
    ]);
  }

  async append(batches: readonly LogBatch[]): Promise<readonly boolean[]> {
    const steps = batches.map((batch) => this.#writeAppend(batch));
    const rows = await this.thread.transact(steps.flat());
    let place = 0;
    return steps.map((own) => {
      place += own.length;
      return (rows[place - 1] ?? []).length > 0;
    });
  }

  async read(id: string, from: number): Promise<LogPage | undefined> {
    const [runs, rows = []] = await this.thread.transact([
      ['select finished is not null as is_over from runs where id = ?', [id]],
      [
        `select first, events from (
           select first, events, sum(length(events)) over (order by first) - length(events) as before from (
             select first, events from run_log where run = ? and last >= ? order by first limit ?
           )
         ) where before < ? order by first`,
        [id, from, PAGE_ROWS, PAGE_LENGTH],
      ],
    ]);
    const run = runs?.[0];
    if (run === undefined) return undefined;
    const events = rows.flatMap(({ first, events: json }) =>
      (JSON.parse(String(json)) as readonly LoggedEvent[]).slice(Math.max(0, from - Number(first))),
    );
    return { events, isOver: run['is_over'] === 1 && rows.length === 0 };
  }

  async find(id: string, owner: string): Promise<LoggedRun | undefined> {
    const [rows] = await this.thread.transact([
      [
        `select ${RUN_COLUMNS} from runs where id = ? and owner = ? and (finished is null or expires > ?)`,
        [id, owner, this.clock.now()],
      ],
    ]);
    return rows?.[0] && readRun(rows[0]);
  }

  async findRequest(id: string): Promise<string | undefined> {
    const [rows] = await this.thread.transact([['select request from runs where id = ?', [id]]]);
    const request = rows?.[0]?.['request'];
    return typeof request === 'string' ? request : undefined;
  }

  async listUnfinished(): Promise<readonly LoggedRun[]> {
    const [rows = []] = await this.thread.transact([
      [`select ${RUN_COLUMNS.replace('head', "'' as head")} from runs where finished is null order by created, id`],
    ]);
    return rows.map(readRun);
  }

  async remove(id: string, owner: string): Promise<boolean> {
    const [rows] = await this.thread.transact([
      [
        'delete from runs where id = ? and owner = ? returning (finished is null or expires > ?) as lived',
        [id, owner, this.clock.now()],
      ],
    ]);
    return rows?.[0]?.['lived'] === 1;
  }

  /** Removes what has expired. */
  async sweep(): Promise<void> {
    for (;;) {
      const [removed] = await this.thread.transact([
        [
          `delete from runs where id in (
             select id from runs where expires <= ? and finished is not null limit ?
           ) returning id`,
          [this.clock.now(), SWEPT_AT_ONCE],
        ],
      ]);
      if (removed === undefined || removed.length < SWEPT_AT_ONCE) return;
    }
  }

  /** The last step gives a row if the batch is in the log. */
  #writeAppend({ run, epoch, first, events, status, finishedAt }: LogBatch): readonly SqlStep[] {
    const last = first + events.length - 1;
    const insert: SqlStep = [
      `insert into run_log select id, ?1, ?2, ?3 from runs
       where id = ?4 and epoch = ?5 and finished is null
         and ?1 = coalesce((select last + 1 from run_log where run = ?4 order by first desc limit 1), 0)
       on conflict do nothing`,
      [first, last, `[${events.join(',')}]`, run, epoch],
    ];
    const check: SqlStep = [
      `select 1 from run_log join runs on runs.id = run where run = ? and first = ? and last = ? and epoch = ?`,
      [run, first, last, epoch],
    ];
    if (status === undefined) return [insert, check];
    const update: SqlStep = [
      `update runs set status = ?1, finished = ?2, expires = coalesce(?2 + ?3, expires)
       where id = ?4 and epoch = ?5 and finished is null and exists (select 1 from run_log where run = ?4 and first = ?6 and last = ?7)`,
      [status, finishedAt ?? null, this.ttlMs, run, epoch, first, last],
    ];
    return [insert, update, check];
  }
}

function readRun(row: SqlRow): LoggedRun {
  const { id, owner, status, epoch, created, head, length } = row;
  return {
    id: String(id),
    owner: String(owner),
    status: status as LoggedStatus,
    epoch: Number(epoch),
    createdAt: Number(created),
    head: String(head),
    length: Number(length),
  };
}
