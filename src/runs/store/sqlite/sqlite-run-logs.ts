import type { Clock, JsonObject } from '../../../kernel/index.js';
import type { LoggedEvent } from '../../log/logged-event.js';
import type {
  ClaimedRun,
  Creation,
  LogBatch,
  LoggedEnding,
  LoggedRun,
  LoggedStatus,
  LogPage,
  NewLoggedRun,
  Repetition,
  RequestIdentity,
  RunAttempt,
  RunPage,
  RunQuery,
  RunSegment,
} from '../run-log-store.js';
import type { SqliteThread, SqlRow, SqlStep, SqlValue } from './sqlite-thread.js';

/**
 * Most rows of one page, and after how many characters or events it has enough. Each row is what one run said in one commit, or a
 * packed part of a log.
 */
const PAGE_ROWS = 200;
const PAGE_LENGTH = 256 * 1024;
const PAGE_EVENTS = 1_000;

/** Most events of one packed row, and characters before it is packed. */
const PACKED_EVENTS = 250;
const PACKED_LENGTH = 256 * 1024;

/** So many that have expired are removed at once: a log has many rows. */
const SWEPT_AT_ONCE = 20;

/** Number of the next event of the run `runs.id`. */
const NEXT_NUMBER = `coalesce((select last + 1 from run_log where run = runs.id order by first desc limit 1), 0)`;

const RUN_COLUMNS = `id, owner, door, workflow, version, model, status, epoch, deaths, active_ms, seen, is_cancelled,
  priority, created, run_at, started, finished, has_log, log_expires, metadata, admission, ending, coalesce(length, ${NEXT_NUMBER}) as length,
  (select json_group_array(json_object('id', id, 'from', first))
   from (select id, first from run_segments where run = runs.id order by first)) as segments`;
/** Whether a run is at work in one of the attempts that ?2 lists. */
const IS_ATTEMPT = `status = 'running'
  and (id, epoch) in (select value ->> 'id', value ->> 'epoch' from json_each(?2))`;
const HEAD_COLUMN = `coalesce((select head from run_requests where run = runs.id), '') as head`;
const NO_HEAD_COLUMN = `'' as head`;

/** How long runs are kept after their end. Milliseconds. */
export interface RunLimits {
  /** Their logs, and what they were asked. */
  readonly logTtlMs: number;
  /** What is known of them without their logs. */
  readonly recordTtlMs: number;
}

/** What a run needs to go on; nobody needs it once the run is over. */
const forgetSteps = (run: string): SqlStep => [
  'delete from run_steps where run = ?1 and exists (select 1 from runs where id = ?1 and finished is not null)',
  [run],
];

/** Logs of runs in a SQLite database. */
export class SqliteRunLogs {
  constructor(
    private readonly thread: SqliteThread,
    private readonly clock: Clock,
    private readonly limits: RunLimits,
  ) {}

  async create(run: NewLoggedRun): Promise<Creation> {
    const { id, owner, identity, segment, createdAt } = run;
    const isThere = 'exists (select 1 from runs where id = ?1)';
    const [, , , found] = await this.thread.transact([
      [
        `insert into runs (id, owner, door, workflow, version, model, status, epoch, deaths, active_ms, is_cancelled, priority, created, run_at,
           has_log, log_expires, expires, metadata, admission, key, hash)
         values (?, ?, ?, ?, ?, ?, 'queued', 0, 0, 0, 0, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?) on conflict (owner, key) where key is not null do nothing`,
        [
          id,
          owner,
          run.door,
          run.workflow,
          run.workflowVersion ?? null,
          run.model,
          run.priority,
          createdAt,
          run.runAt,
          createdAt,
          createdAt,
          JSON.stringify(run.metadata),
          JSON.stringify(run.admission),
          identity?.key ?? null,
          identity?.hash ?? null,
        ],
      ],
      [`insert into run_requests select ?1, ?2, ?3 where ${isThere}`, [id, run.request, run.head]],
      [`insert into run_segments select ?2, ?1, 0 where ?2 is not null and ${isThere}`, [id, segment ?? null]],
      [
        `select ${RUN_COLUMNS}, ${HEAD_COLUMN}, hash from runs where owner = ? and key = ? and id <> ?`,
        [owner, identity?.key ?? null, id],
      ],
    ]);
    const other = found?.[0];
    return other === undefined ? { kind: 'created' } : this.#compare(other, identity);
  }

  async findRepeated(owner: string, identity: RequestIdentity): Promise<Repetition | undefined> {
    const [found] = await this.thread.transact([
      [`select ${RUN_COLUMNS}, ${HEAD_COLUMN}, hash from runs where owner = ? and key = ?`, [owner, identity.key]],
    ]);
    return found?.[0] && this.#compare(found[0], identity);
  }

  #compare(row: SqlRow, identity: RequestIdentity | undefined): Repetition {
    return row['hash'] === identity?.hash
      ? { kind: 'exists', run: readRun(row, this.clock.now()) }
      : { kind: 'reused' };
  }

  async claim(id: string): Promise<ClaimedRun | undefined> {
    const now = this.clock.now();
    const [claimed, rows, steps = []] = await this.thread.transact([
      [
        `update runs set deaths = deaths + (status = 'running'), status = 'running', epoch = epoch + 1,
           started = coalesce(started, ?1), seen = ?1
         where id = ?2 and finished is null returning 1`,
        [now, id],
      ],
      [
        `select ${RUN_COLUMNS}, head, request,
           (select coalesce(sum(length(events)), 0) from run_log where run = runs.id) as log_length
         from runs join run_requests on run_requests.run = runs.id where id = ?`,
        [id],
      ],
      ['select json from run_steps where run = ?', [id]],
    ]);
    const row = rows?.[0];
    if (claimed?.[0] === undefined || row === undefined) return undefined;
    return {
      run: readRun(row, now),
      request: String(row['request']),
      steps: steps.map(({ json }) => String(json)),
      logLength: Number(row['log_length']),
    };
  }

  async keepAlive(attempts: readonly RunAttempt[]): Promise<void> {
    await this.thread.transact([
      [
        `update runs set active_ms = active_ms + max(0, ?1 - seen), seen = ?1 where ${IS_ATTEMPT}`,
        [this.clock.now(), JSON.stringify(attempts)],
      ],
    ]);
  }

  async release(attempts: readonly RunAttempt[]): Promise<void> {
    await this.thread.transact([
      [
        `update runs set status = 'queued', active_ms = active_ms + max(0, ?1 - seen), seen = ?1 where ${IS_ATTEMPT}`,
        [this.clock.now(), JSON.stringify(attempts)],
      ],
    ]);
  }

  async markCancelled(id: string): Promise<void> {
    await this.thread.transact([['update runs set is_cancelled = 1 where id = ? and finished is null', [id]]]);
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
      [
        `select finished is not null as is_over from runs where id = ? and has_log = 1 and (finished is null or log_expires > ?)`,
        [id, this.clock.now()],
      ],
      [
        `select first, unpack(events) as events from (
           select first, events, sum(length(events)) over before as length_before, sum(last - first + 1) over before as count_before
           from (select first, last, events from run_log where run = ? and last >= ? order by first limit ?)
           window before as (order by first rows between unbounded preceding and 1 preceding)
         ) where coalesce(length_before, 0) < ? and coalesce(count_before, 0) < ? order by first`,
        [id, from, PAGE_ROWS, PAGE_LENGTH, PAGE_EVENTS],
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
        `select ${RUN_COLUMNS}, ${HEAD_COLUMN} from runs
         where id = coalesce((select run from run_segments where id = ?1), ?1) and owner = ?2 and (finished is null or expires > ?3)`,
        [id, owner, this.clock.now()],
      ],
    ]);
    return rows?.[0] && readRun(rows[0], this.clock.now());
  }

  async list({ owner, model, status, limit, after, order }: RunQuery): Promise<RunPage | undefined> {
    const isNext = order === 'asc' ? '>' : '<';
    const rows = await this.thread.transact([
      [
        `select ${RUN_COLUMNS}, ${HEAD_COLUMN} from runs where owner = ?1 and (finished is null or expires > ?2)
           and (?3 is null or model = ?3) and (?4 is null or status = ?4)
           and (?5 is null or (created, id) ${isNext} (select created, id from runs where id = ?5 and owner = ?1))
         order by created ${order}, id ${order} limit ?6`,
        [owner, this.clock.now(), model ?? null, status ?? null, after ?? null, limit + 1],
      ],
      ['select 1 from runs where id = ? and owner = ?', [after ?? null, owner]],
    ]);
    const [found = [], anchors = []] = rows;
    if (after !== undefined && anchors.length === 0) return undefined;
    return { runs: found.slice(0, limit).map((row) => readRun(row, this.clock.now())), hasMore: found.length > limit };
  }

  async findOwner(id: string): Promise<string | undefined> {
    const [rows] = await this.thread.transact([['select owner from runs where id = ?', [id]]]);
    const owner = rows?.[0]?.['owner'];
    return typeof owner === 'string' ? owner : undefined;
  }

  async findSecret(name: string, fresh: string): Promise<string> {
    const [, rows] = await this.thread.transact([
      ['insert into secrets values (?, ?) on conflict do nothing', [name, fresh]],
      ['select value from secrets where name = ?', [name]],
    ]);
    return String(rows?.[0]?.['value']);
  }

  async findRequest(id: string): Promise<string | undefined> {
    const [rows] = await this.thread.transact([['select request from run_requests where run = ?', [id]]]);
    const request = rows?.[0]?.['request'];
    return typeof request === 'string' ? request : undefined;
  }

  async listUnfinished(): Promise<readonly LoggedRun[]> {
    const [rows = []] = await this.thread.transact([
      [`select ${RUN_COLUMNS}, ${NO_HEAD_COLUMN} from runs where finished is null order by created, id`],
    ]);
    return rows.map((row) => readRun(row, this.clock.now()));
  }

  async remove(id: string, owner: string): Promise<boolean> {
    const [, rows] = await this.thread.transact([
      [
        `delete from documents where owner = ?2 and id in (
           select id from run_segments where run = ?1 and run in (select id from runs where id = ?1 and owner = ?2))`,
        [id, owner],
      ],
      [
        'delete from runs where id = ? and owner = ? returning (finished is null or expires > ?) as lived',
        [id, owner, this.clock.now()],
      ],
    ]);
    return rows?.[0]?.['lived'] === 1;
  }

  async pack(id: string): Promise<void> {
    for (let first = 0; ;) {
      const [rows] = await this.thread.transact([
        [
          `select max(last) as last from (
             select last, row_number() over rows as place, sum(last - first + 1) over rows as count, sum(length(events)) over rows as length
             from (
               select first, last, events from run_log where run = ?1 and first >= ?2 and typeof(events) = 'text'
                 and exists (select 1 from runs where id = ?1 and finished is not null)
               order by first limit ?3
             ) window rows as (order by first)
           ) where place = 1 or (count <= ?3 and length <= ?4)`,
          [id, first, PACKED_EVENTS, PACKED_LENGTH],
        ],
      ]);
      const last = rows?.[0]?.['last'];
      if (typeof last !== 'number') return;
      await this.thread.transact([
        [
          `update run_log set last = ?3, events = (
             select pack('[' || group_concat(substr(events, 2, length(events) - 2), ',') || ']')
             from (select events from run_log where run = ?1 and first between ?2 and ?3 order by first)
           ) where run = ?1 and first = ?2`,
          [id, first, last],
        ],
        ['delete from run_log where run = ? and first > ? and first <= ?', [id, first, last]],
      ]);
      first = last + 1;
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

  /** The last step gives a row if the batch is in the log. */
  #writeAppend({ run, epoch, first, events, steps = [], ending }: LogBatch): readonly SqlStep[] {
    const last = first + events.length - 1;
    const insert: SqlStep = [
      `insert into run_log select id, ?1, ?2, ?3 from runs
       where id = ?4 and epoch = ?5 and finished is null and ?1 = ${NEXT_NUMBER}
       on conflict do nothing`,
      [first, last, `[${events.join(',')}]`, run, epoch],
    ];
    const check: SqlStep = [
      `select 1 from run_log join runs on runs.id = run where run = ? and first = ? and last = ? and epoch = ?`,
      [run, first, last, epoch],
    ];
    return [
      insert,
      ...steps.map(({ node, json }): SqlStep => [
        `insert into run_steps select id, ?1, ?2, ?3 from runs where id = ?4 and epoch = ?2
           and exists (select 1 from run_log where run = ?4 and first = ?5 and last = ?6) on conflict do nothing`,
        [node, epoch, json, run, first, last],
      ]),
      ...(steps.length > 0 ? [this.#writeProgress(run, epoch, first, last)] : []),
      ...(ending === undefined ? [] : [this.#writeEnding(run, epoch, first, last, ending), forgetSteps(run)]),
      check,
    ];
  }

  /** Whoever finishes a step is no poison. */
  #writeProgress(run: string, epoch: number, first: number, last: number): SqlStep {
    return [
      `update runs set deaths = 0 where id = ?1 and epoch = ?2 and deaths > 0
         and exists (select 1 from run_log where run = ?1 and first = ?3 and last = ?4)`,
      [run, epoch, first, last],
    ];
  }

  #writeEnding(run: string, epoch: number, first: number, last: number, ending: LoggedEnding): SqlStep {
    const { status, finishedAt, ...rest } = ending;
    const { logTtlMs, recordTtlMs } = this.limits;
    return [
      `update runs set status = ?, active_ms = active_ms + max(0, ? - coalesce(seen, ?)), seen = ?, finished = ?, length = ?, log_expires = ?, expires = ?, ending = ?
       where id = ? and epoch = ? and finished is null
         and exists (select 1 from run_log where run = runs.id and first = ? and last = ?)`,
      [
        status,
        finishedAt,
        finishedAt,
        finishedAt,
        finishedAt,
        last + 1,
        finishedAt + logTtlMs,
        finishedAt + Math.max(logTtlMs, recordTtlMs),
        JSON.stringify(rest),
        run,
        epoch,
        first,
        last,
      ],
    ];
  }
}

/** @param now milliseconds since the Unix epoch */
function readRun(row: SqlRow, now: number): LoggedRun {
  const status = row['status'] as LoggedStatus;
  return {
    id: String(row['id']),
    owner: String(row['owner']),
    door: String(row['door']),
    workflow: String(row['workflow']),
    workflowVersion: readText(row['version']),
    model: String(row['model']),
    createdAt: Number(row['created']),
    runAt: Number(row['run_at']),
    priority: Number(row['priority']),
    metadata: JSON.parse(String(row['metadata'])) as JsonObject,
    admission: JSON.parse(String(row['admission'])) as JsonObject,
    head: String(row['head']),
    status,
    epoch: Number(row['epoch']),
    startedAt: readNumber(row['started']),
    activeMs: Number(row['active_ms']),
    aliveAt: readNumber(row['seen']),
    deaths: Number(row['deaths']),
    isCancelled: row['is_cancelled'] === 1,
    ending: readEnding(status, row),
    length: Number(row['length']),
    hasLog: row['has_log'] === 1 && (row['finished'] === null || Number(row['log_expires']) > now),
    segments: JSON.parse(String(row['segments'])) as readonly RunSegment[],
  };
}

function readEnding(status: LoggedStatus, { finished = null, ending = null }: SqlRow): LoggedEnding | undefined {
  if (finished === null || status === 'queued' || status === 'running') return undefined;
  const rest = JSON.parse(String(ending)) as Omit<LoggedEnding, 'status' | 'finishedAt'>;
  return { ...rest, status, finishedAt: Number(finished) };
}

function readNumber(value: SqlValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function readText(value: SqlValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
