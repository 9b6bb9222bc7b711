import type { Clock } from '../../../kernel/index.js';
import type { LoggedEvent } from '../../log/logged-event.js';
import type { ExpiredWaits, KeptWait, NewAnswers, UnansweredWaits } from '../kept-wait.js';
import type { AppendVerdict, LogBatch, RunAttempt, RunRelease } from '../log-batch.js';
import type { Creation, LoggedRun, NewLoggedRun, Repetition, RequestIdentity } from '../logged-run.js';
import type { ClaimedRun, LogPage, RunLimits, RunPage, RunQuery, WaitingRuns } from '../run-log-store.js';
import { unpackText } from '../packed-text.js';
import { readRunRow, readUnanswered, readWaiting, readWaits } from '../run-rows.js';
import { NEXT_NUMBER, writeAppend } from './sqlite-append.js';
import type { SqliteThread, SqlRow } from './sqlite-thread.js';
import { SqliteUpkeep } from './sqlite-upkeep.js';

/**
 * Most rows of one page, and the number of characters or events after which a page is complete. Each row holds what one
 * run wrote in one commit, or a packed part of a log.
 */
const PAGE_ROWS = 200;
const PAGE_LENGTH = 256 * 1024;
const PAGE_EVENTS = 1_000;

/** Most runs whose waits expire at once. */
const EXPIRED_AT_ONCE = 500;

const RUN_COLUMNS = `id, owner, door, workflow, version, model, status, epoch, attempts, wakes, deaths, active_ms, seen, is_cancelled,
  priority, created, run_at, started, finished, has_log, log_expires, metadata, admission, ending, coalesce(length, ${NEXT_NUMBER}) as length,
  (select json_group_array(json_object('id', id, 'from', first, 'head', head))
   from (select id, first, head from run_segments where run = runs.id order by first)) as segments`;
const WAITS_COLUMN = `(
    select json_group_array(json_object('name', name, 'node', node, 'callId', call_id, 'shown', shown, 'schema', schema, 'asked', asked,
      'expires', expires, 'answered', answered, 'value', value, 'segment', segment, 'turn', turn))
    from (select * from run_waits where run = runs.id order by place)
  ) as waits`;
/** Whether a run is active in one of the attempts that ?2 lists. */
const IS_ATTEMPT = `status = 'running'
  and (id, epoch) in (select value ->> 'id', value ->> 'epoch' from json_each(?2))`;
/** The entry of a run in ?2, the list of released runs. */
const selectRelease = (name: keyof RunRelease): string =>
  `(select value ->> '${name}' from json_each(?2) where value ->> 'id' = runs.id)`;
const COUNT_WAITING = `select count(*) filter (where status = 'queued' and run_at <= ?1) as due,
  min(case when status <> 'queued' or run_at > ?1 then null when seen > run_at then seen else run_at end) as since from runs where finished is null`;
/** Queues runs that have waited for answers at the time ?2. */
const wake = (condition: string): string =>
  `update runs set status = 'queued', wakes = wakes + 1, is_counted = 1, seen = ?2 where status = 'waiting' and ${condition}`;
const HEAD_COLUMN = `coalesce((select head from run_requests where run = runs.id), '') as head`;
const NO_HEAD_COLUMN = `'' as head`;

/** Logs of runs in a SQLite database. */
export class SqliteRunLogs {
  readonly #upkeep: SqliteUpkeep;

  constructor(
    private readonly thread: SqliteThread,
    private readonly clock: Clock,
    private readonly limits: RunLimits,
  ) {
    this.#upkeep = new SqliteUpkeep(thread, clock);
  }

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
      [`insert into run_requests select ?1, pack_text(?2), ?3 where ${isThere}`, [id, run.request, run.head]],
      [
        `insert into run_segments (id, run, first) select ?2, ?1, 0 where ?2 is not null and ${isThere}`,
        [id, segment ?? null],
      ],
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
      ? { kind: 'exists', run: readRunRow(row, this.clock.now()) }
      : { kind: 'reused' };
  }

  async claim(id: string, wake?: number): Promise<ClaimedRun | undefined> {
    const now = this.clock.now();
    const [claimed, rows, steps = []] = await this.thread.transact([
      [
        `update runs set deaths = deaths + (status = 'running'), attempts = attempts + (status = 'running' or is_counted = 0),
           is_counted = (status <> 'running' and is_counted = 1), status = 'running', epoch = epoch + 1,
           started = coalesce(started, ?1), seen = ?1
         where id = ?2 and status in ('queued', 'running') and (?3 is null or wakes = ?3) returning 1`,
        [now, id, wake ?? null],
      ],
      [
        `select ${RUN_COLUMNS}, head, request, ${WAITS_COLUMN},
           (select coalesce(sum(length(unpack(events))), 0) from run_log where run = runs.id) as log_length
         from runs join run_requests on run_requests.run = runs.id where id = ?`,
        [id],
      ],
      ['select json from run_steps where run = ?', [id]],
    ]);
    const row = rows?.[0];
    if (claimed?.[0] === undefined || row === undefined) return undefined;
    return {
      run: readRunRow(row, now),
      request: unpackText(String(row['request'])),
      steps: steps.map(({ json }) => unpackText(String(json))),
      waits: readWaits(row),
      logLength: Number(row['log_length']),
    };
  }

  async keepAlive(attempts: readonly RunAttempt[]): Promise<readonly string[]> {
    const given = JSON.stringify(attempts);
    const [, lost = []] = await this.thread.transact([
      [
        `update runs set active_ms = active_ms + max(0, ?1 - seen), seen = ?1 where ${IS_ATTEMPT}`,
        [this.clock.now(), given],
      ],
      [
        `select value ->> 'id' as id from json_each(?) where not exists (
           select 1 from runs where runs.id = value ->> 'id' and epoch = value ->> 'epoch')`,
        [given],
      ],
    ]);
    return lost.map(({ id }) => String(id));
  }

  async release(attempts: readonly RunRelease[]): Promise<void> {
    await this.thread.transact([
      [
        `update runs set status = 'queued', wakes = wakes + 1, active_ms = active_ms + max(0, ?1 - seen), seen = ?1,
           is_counted = coalesce(${selectRelease('hasBegun')} = 0, 0), run_at = coalesce(${selectRelease('runAt')}, run_at),
           deaths = iif(${selectRelease('runAt')} is null, deaths, 0)
         where ${IS_ATTEMPT}`,
        [this.clock.now(), JSON.stringify(attempts)],
      ],
    ]);
  }

  async addSegment({ id, epoch }: RunAttempt, segment: { readonly id: string; readonly head: string }): Promise<void> {
    await this.thread.transact([
      [
        `insert into run_segments (id, run, first, head) select ?3, id, ${NEXT_NUMBER}, ?4 from runs
         where id = ?1 and epoch = ?2 and status = 'running' on conflict do nothing`,
        [id, epoch, segment.id, segment.head],
      ],
    ]);
  }

  async markCancelled(id: string): Promise<void> {
    await this.thread.transact([['update runs set is_cancelled = 1 where id = ? and finished is null', [id]]]);
  }

  async append(batches: readonly LogBatch[]): Promise<readonly AppendVerdict[]> {
    const steps = batches.map((batch) => writeAppend(batch, this.limits, this.clock.now()));
    const rows = await this.thread.transact(steps.flat());
    let place = 0;
    return steps.map((own) => {
      place += own.length;
      const row = rows[place - 1]?.[0];
      return { isKept: row !== undefined, isCancelled: row?.['is_cancelled'] === 1 };
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
    return rows?.[0] && readRunRow(rows[0], this.clock.now());
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
    return {
      runs: found.slice(0, limit).map((row) => readRunRow(row, this.clock.now())),
      hasMore: found.length > limit,
    };
  }

  async findOwner(id: string): Promise<string | undefined> {
    const [rows] = await this.thread.transact([['select owner from runs where id = ?', [id]]]);
    const owner = rows?.[0]?.['owner'];
    return typeof owner === 'string' ? owner : undefined;
  }

  /** True if a run is active or queued. */
  async isInWork(id: string): Promise<boolean> {
    const [rows] = await this.thread.transact([
      [`select 1 from runs where id = ? and status in ('queued', 'running')`, [id]],
    ]);
    return rows?.length === 1;
  }

  async findSecret(name: string, fresh: string): Promise<string> {
    const [, rows] = await this.thread.transact([
      ['insert into secrets values (?, ?) on conflict do nothing', [name, fresh]],
      ['select value from secrets where name = ?', [name]],
    ]);
    return String(rows?.[0]?.['value']);
  }

  async answer({ run, values, segment }: NewAnswers): Promise<LoggedRun | undefined> {
    const now = this.clock.now();
    const isOpen = `run = ?1 and is_open = 1`;
    const isAnswered = `node in (select value ->> 'node' from json_each(?3))`;
    const own = `from json_each(?3) where value ->> 'node' = node`;
    const isDone = `id = ?1 and not exists (select 1 from run_waits where ${isOpen})`;
    const [answered, , , rows] = await this.thread.transact([
      [
        `update run_waits set is_open = 0, answered = ?2, segment = ?4, value = (select value ->> 'json' ${own}),
           turn = (select count(*) from run_waits where run = ?1 and answered is not null) + (select key ${own})
         where ${isOpen} and ${isAnswered} and exists (select 1 from runs where id = ?1 and status = 'waiting')
           and (select count(*) from run_waits where ${isOpen} and ${isAnswered}) = ?5
         returning 1`,
        [run, now, JSON.stringify(values), segment?.id ?? null, values.length],
      ],
      [
        `insert into run_segments (id, run, first, head) select ?2, id, ${NEXT_NUMBER}, ?3 from runs
         where ?2 is not null and status = 'waiting' and ${isDone}`,
        [run, segment?.id ?? null, segment?.head ?? null],
      ],
      [wake(isDone), [run, now]],
      [`select ${RUN_COLUMNS}, ${HEAD_COLUMN} from runs where id = ?`, [run]],
    ]);
    const row = rows?.[0];
    return answered?.length === 0 || row === undefined ? undefined : readRunRow(row, now);
  }

  async findWaits(run: string): Promise<readonly KeptWait[]> {
    const [rows] = await this.thread.transact([[`select ${WAITS_COLUMN} from runs where id = ?`, [run]]]);
    return readWaits(rows?.[0]);
  }

  async findRunOfCall(callId: string, owner: string): Promise<LoggedRun | undefined> {
    const now = this.clock.now();
    const [rows] = await this.thread.transact([
      [
        `select ${RUN_COLUMNS}, ${HEAD_COLUMN} from runs
         where id = (select run from run_waits where call_id = ?) and owner = ? and (finished is null or expires > ?)`,
        [callId, owner, now],
      ],
    ]);
    return rows?.[0] && readRunRow(rows[0], now);
  }

  async expireWaits(): Promise<ExpiredWaits> {
    const now = this.clock.now();
    const [rows = [], , next] = await this.thread.transact([
      [
        `${wake(`id in (select run from run_waits where is_open = 1 and expires <= ?2 order by expires limit ?1)`)}
         returning ${RUN_COLUMNS}, ${HEAD_COLUMN}`,
        [EXPIRED_AT_ONCE, now],
      ],
      [
        `update run_waits set is_open = 0, answered = ?1, turn = due.turn from (
           select rowid as id, row_number() over (partition by run order by place) - 1
             + (select count(*) from run_waits other where other.run = open.run and answered is not null) as turn
           from run_waits open where is_open = 1 and expires <= ?1 and exists (select 1 from runs where id = run and status = 'queued')
         ) as due where due.id = run_waits.rowid`,
        [now],
      ],
      [
        `select expires from run_waits where is_open = 1 and expires is not null
           and exists (select 1 from runs where id = run and status = 'waiting') order by expires limit 1`,
      ],
    ]);
    const nextAt = next?.[0]?.['expires'];
    return {
      runs: rows.map((row) => readRunRow(row, now)),
      nextAt: typeof nextAt === 'number' ? nextAt : undefined,
    };
  }

  async findRequest(id: string): Promise<string | undefined> {
    const [rows] = await this.thread.transact([['select request from run_requests where run = ?', [id]]]);
    const request = rows?.[0]?.['request'];
    return typeof request === 'string' ? unpackText(request) : undefined;
  }

  async listUnfinished(): Promise<readonly LoggedRun[]> {
    const [rows = []] = await this.thread.transact([
      [
        `select ${RUN_COLUMNS}, ${NO_HEAD_COLUMN} from runs where finished is null and status <> 'waiting' order by created, id`,
      ],
    ]);
    return rows.map((row) => readRunRow(row, this.clock.now()));
  }

  async countQueued(owner: string): Promise<number> {
    const [rows] = await this.thread.transact([
      [`select count(*) as count from runs where owner = ? and finished is null and status = 'queued'`, [owner]],
    ]);
    return Number(rows?.[0]?.['count']);
  }

  async countWaiting(): Promise<WaitingRuns> {
    const [rows] = await this.thread.transact([[COUNT_WAITING, [this.clock.now()]]]);
    return readWaiting(rows?.[0]);
  }

  async countOpenWaits(): Promise<UnansweredWaits> {
    const [rows] = await this.thread.transact([
      ['select count(*) as open, min(asked) as oldest from run_waits where is_open = 1'],
    ]);
    return readUnanswered(rows?.[0]);
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

  pack(id: string): Promise<void> {
    return this.#upkeep.pack(id);
  }

  /** Removes what has expired. */
  sweep(): Promise<void> {
    return this.#upkeep.sweep();
  }
}
