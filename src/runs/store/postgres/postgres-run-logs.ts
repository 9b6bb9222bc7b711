import type { Clock } from '../../../kernel/index.js';
import type { LoggedEvent } from '../../log/logged-event.js';
import type { ExpiredWaits, KeptWait, NewAnswers, UnansweredWaits } from '../kept-wait.js';
import type { AppendVerdict, LogBatch, RunAttempt, RunRelease } from '../log-batch.js';
import type { Creation, LoggedRun, NewLoggedRun, Repetition, RequestIdentity } from '../logged-run.js';
import {
  type ClaimedRun,
  type LogCursor,
  type LogPage,
  type RunLimits,
  RunLogStore,
  type RunPage,
  type RunQuery,
  type WaitingRuns,
  type WorkerOffer,
} from '../run-log-store.js';
import { packText, unpackText } from '../packed-text.js';
import { readRunRow, readUnanswered, readWaiting, readWaits } from '../run-rows.js';
import { writeAppend } from './postgres-append.js';
import type { PostgresChanges } from './postgres-changes.js';
import type { PostgresDatabase } from './postgres-database.js';
import type { PostgresRow } from './postgres-session.js';
import {
  ADD_SECRET,
  ADD_SEGMENT,
  ANSWER,
  BIND_TO_READERS,
  CLAIM,
  COUNT_OPEN_WAITS,
  COUNT_QUEUED,
  COUNT_WAITING,
  CREATE,
  EXPIRE,
  FIND,
  FIND_ANSWERED,
  FIND_CREATED,
  FIND_LEFT,
  FIND_LOST,
  FIND_NEXT_EXPIRY,
  FIND_OWNER,
  FIND_PLACE,
  FIND_REPEATED,
  FIND_REQUEST,
  FIND_RUN_OF_CALL,
  FIND_SECRET,
  FIND_UNREAD_TIME,
  FIND_WAITS,
  GO_ON,
  HOLD_EXPIRED,
  HOLD_WAITING,
  IS_AT_WORK,
  IS_OFFERED,
  KEEP_ALIVE,
  LIST,
  MARK_CANCELLED,
  MARK_READ,
  READ,
  RELEASE,
  WAKE_EXPIRED,
  WORKER_BEAT,
} from './postgres-statements.js';
import type { PostgresUpkeep } from './postgres-upkeep.js';

/** Most characters of one run in one read, and of all runs together. */
const PAGE_LENGTH = 256 * 1024;
const PAGES_LENGTH = 1024 ** 2;

/** How often creating a run is tried, because the run with the same key may be removed before it is read. */
const MOST_TRIES = 3;

/** Logs of runs in a PostgreSQL database, which other processes also use. */
export class PostgresRunLogs extends RunLogStore {
  override readonly isOn = true;
  override readonly isShared = true;

  constructor(
    private readonly database: PostgresDatabase,
    private readonly changes: PostgresChanges,
    private readonly upkeep: PostgresUpkeep,
    private readonly clock: Clock,
    private readonly limits: RunLimits,
  ) {
    super();
  }

  override async hasEarlier(): Promise<boolean> {
    return true;
  }

  override async canLast(): Promise<boolean> {
    return true;
  }

  override async create(run: NewLoggedRun): Promise<Creation> {
    const { id, owner, identity } = run;
    const request = await packText(run.request);
    for (let tries = 1; ; tries++) {
      const [made] = await this.database.query(CREATE, [
        id,
        owner,
        run.door,
        run.workflow,
        run.workflowVersion ?? null,
        run.model,
        run.priority,
        run.createdAt,
        run.runAt,
        JSON.stringify(run.metadata),
        JSON.stringify(run.admission),
        identity?.key ?? null,
        identity?.hash ?? null,
        request,
        run.head,
        run.segment ?? null,
      ]);
      if (made?.['is_made'] === true) return { kind: 'created' };
      const [other] = await this.database.query(FIND_CREATED, [id, owner, identity?.key ?? null]);
      // The reply to the first try was lost.
      if (other?.['id'] === id) return { kind: 'created' };
      if (other !== undefined) return this.#compare(other, identity);
      if (tries === MOST_TRIES) throw new Error(`The run ${id} can neither be created nor found`);
    }
  }

  override async findRepeated(owner: string, identity: RequestIdentity): Promise<Repetition | undefined> {
    const [found] = await this.database.query(FIND_REPEATED, [owner, identity.key]);
    return found && this.#compare(found, identity);
  }

  #compare(row: PostgresRow, identity: RequestIdentity | undefined): Repetition {
    return row['hash'] === identity?.hash
      ? { kind: 'exists', run: readRunRow(row, this.clock.now()) }
      : { kind: 'reused' };
  }

  override async claim(id: string, worker: string, wake?: number): Promise<ClaimedRun | undefined> {
    const now = this.clock.now();
    const [row] = await this.database.query(CLAIM, [id, worker, now, wake ?? null, this.database.reachedForMs ?? null]);
    if (row === undefined) return undefined;
    return {
      run: readRunRow(row, now),
      request: unpackText(String(row['request'])),
      steps: (JSON.parse(String(row['steps'])) as readonly string[]).map(unpackText),
      waits: readWaits(row),
      logLength: Number(row['log_length']),
    };
  }

  override async isAtWork(id: string, wake: number): Promise<boolean> {
    return (await this.database.query(IS_AT_WORK, [id, wake])).length > 0;
  }

  override async keepAlive(attempts: readonly RunAttempt[]): Promise<readonly string[]> {
    const rows = await this.database.query(KEEP_ALIVE, this.#listAttempts(attempts));
    return rows.map(({ id }) => String(id));
  }

  override async release(attempts: readonly RunRelease[]): Promise<void> {
    const times = attempts.map(({ runAt = null }) => runAt);
    const begun = attempts.map(({ hasBegun = true }) => hasBegun);
    await this.database.query(RELEASE, [...this.#listAttempts(attempts), times, begun]);
    this.changes.tell(attempts.map(({ id }) => id));
  }

  #listAttempts(attempts: readonly RunAttempt[]): [readonly string[], readonly number[], number] {
    return [attempts.map(({ id }) => id), attempts.map(({ epoch }) => epoch), this.clock.now()];
  }

  override async addSegment(
    { id, epoch }: RunAttempt,
    segment: { readonly id: string; readonly head: string },
  ): Promise<void> {
    await this.database.query(ADD_SEGMENT, [id, epoch, segment.id, segment.head]);
  }

  override async markCancelled(id: string): Promise<void> {
    await this.database.query(MARK_CANCELLED, [id]);
    this.changes.tell([id]);
  }

  override pack(id: string): Promise<void> {
    return this.upkeep.pack(id);
  }

  /** A suspended process loses its runs one by one: each of its batches is refused. */
  override watchLoss(): void {
    return;
  }

  protected override async write(batches: readonly LogBatch[]): Promise<readonly AppendVerdict[]> {
    const rows = await this.database.query(...(await writeAppend(batches, this.limits, this.clock.now())));
    const verdicts = new Map(rows.map((row) => [row['run'], row]));
    const changed: string[] = [];
    const result = batches.map(({ run }) => {
      const verdict = verdicts.get(run);
      const isKept = verdict?.['is_kept'] === true;
      if (isKept) changed.push(run);
      return { isKept, isCancelled: verdict?.['is_cancelled'] === true };
    });
    this.changes.tell(changed);
    return result;
  }

  override async read(id: string, from: number): Promise<LogPage | undefined> {
    return (await this.readMany([{ id, from }])).get(id);
  }

  override async readMany(cursors: readonly LogCursor[]): Promise<ReadonlyMap<string, LogPage | undefined>> {
    const pages = new Map<string, { events: LoggedEvent[]; isOver: boolean } | undefined>();
    if (cursors.length === 0) return pages;
    const rows = await this.database.query(READ, [
      cursors.map(({ id }) => id),
      cursors.map(({ from }) => from),
      this.clock.now(),
      Math.min(PAGE_LENGTH, Math.ceil(PAGES_LENGTH / cursors.length)),
    ]);
    const froms = new Map(cursors.map(({ id, from }) => [id, from]));
    for (const { id } of cursors) pages.set(id, undefined);
    for (const { run, is_over: isOver, first, events: json } of rows) {
      const id = String(run);
      let page = pages.get(id);
      if (page === undefined) pages.set(id, (page = { events: [], isOver: isOver === true && json === null }));
      if (json === null) continue;
      const events = JSON.parse(unpackText(String(json))) as readonly LoggedEvent[];
      for (let place = Math.max(0, (froms.get(id) ?? 0) - Number(first)); place < events.length; place++) {
        page.events.push(events[place] as LoggedEvent);
      }
    }
    return pages;
  }

  override watchChanges(onChange: (runs: readonly string[] | 'unknown') => void): void {
    this.changes.watch(onChange);
  }

  override async find(id: string, owner: string): Promise<LoggedRun | undefined> {
    const now = this.clock.now();
    const [row] = await this.database.query(FIND, [id, owner, now]);
    return row && readRunRow(row, now);
  }

  override async list({ owner, model, status, limit, after, order }: RunQuery): Promise<RunPage | undefined> {
    const now = this.clock.now();
    let place: PostgresRow | undefined;
    if (after !== undefined) {
      [place] = await this.database.query(FIND_PLACE, [after, owner]);
      if (place === undefined) return undefined;
    }
    const found = await this.database.query(LIST[order], [
      owner,
      now,
      model ?? null,
      status ?? null,
      place?.['created'] ?? null,
      place?.['id'] ?? null,
      limit + 1,
    ]);
    return { runs: found.slice(0, limit).map((row) => readRunRow(row, now)), hasMore: found.length > limit };
  }

  override async findOwner(id: string): Promise<string | undefined> {
    const [row] = await this.database.query(FIND_OWNER, [id]);
    return row && String(row['owner']);
  }

  override async findSecret(name: string, fresh: string): Promise<string> {
    await this.database.query(ADD_SECRET, [name, fresh]);
    const [row] = await this.database.query(FIND_SECRET, [name]);
    return String(row?.['value']);
  }

  override async answer({ run, values, segment }: NewAnswers): Promise<LoggedRun | undefined> {
    const now = this.clock.now();
    const nodes = values.map(({ node }) => node);
    const jsons = values.map(({ json }) => json);
    const answered = await this.database.transact(async (session) => {
      if ((await session.query(HOLD_WAITING, [run])).length === 0) return undefined;
      const kept = await session.query(ANSWER, [run, nodes, jsons, now, segment?.id ?? null]);
      if (kept.length === 0) return undefined;
      await session.query(GO_ON, [run, now, segment?.id ?? null, segment?.head ?? null]);
      return (await session.query(FIND_ANSWERED, [run]))[0];
    });
    if (answered === undefined) return undefined;
    this.changes.tell([run]);
    return readRunRow(answered, now);
  }

  override async findWaits(run: string): Promise<readonly KeptWait[]> {
    return readWaits((await this.database.query(FIND_WAITS, [run]))[0]);
  }

  override async findRunOfCall(callId: string, owner: string): Promise<LoggedRun | undefined> {
    const now = this.clock.now();
    const [row] = await this.database.query(FIND_RUN_OF_CALL, [callId, owner, now]);
    return row && readRunRow(row, now);
  }

  override async expireWaits(): Promise<ExpiredWaits> {
    const now = this.clock.now();
    const [rows, next] = await this.database.transact(async (session) => {
      const held = (await session.query(HOLD_EXPIRED)).map(({ id }) => String(id));
      const expired = held.length === 0 ? [] : await session.query(EXPIRE, [held]);
      const ids = expired.map(({ run }) => String(run));
      const woken = ids.length === 0 ? [] : await session.query(WAKE_EXPIRED, [ids, now]);
      return [woken, (await session.query(FIND_NEXT_EXPIRY))[0]] as const;
    });
    const runs = rows.map((row) => readRunRow(row, now));
    this.changes.tell(runs.map(({ id }) => id));
    // By this process's clock, which may differ from the database's.
    return { runs, nextAt: next && now + Number(next['in_ms']) };
  }

  override async findRequest(id: string): Promise<string | undefined> {
    const [row] = await this.database.query(FIND_REQUEST, [id]);
    return row && unpackText(String(row['request']));
  }

  override async findLost(left: readonly string[], worker: string): Promise<readonly LoggedRun[]> {
    const now = this.clock.now();
    const lost = await this.database.query(FIND_LOST, []);
    // Afterwards, because the statement before gives some of them a new wake-up.
    const found = left.length === 0 ? [] : await this.database.query(FIND_LEFT, [left, worker]);
    const known = new Set(found.map(({ id }) => id));
    return [...found, ...lost.filter(({ id }) => !known.has(id))].map((row) => readRunRow(row, now));
  }

  override async beat(worker: string, { graphs, workflows, doors }: WorkerOffer): Promise<void> {
    await this.database.query(WORKER_BEAT, [worker, graphs, workflows, doors]);
  }

  override async isOffered(kind: keyof WorkerOffer, name: string): Promise<boolean> {
    return (await this.database.query(IS_OFFERED[kind], [name])).length > 0;
  }

  override async bindToReaders(id: string): Promise<void> {
    await this.database.query(BIND_TO_READERS, [id]);
  }

  override async markRead(ids: readonly string[]): Promise<void> {
    await this.database.query(MARK_READ, [ids]);
  }

  override async findUnreadTime(id: string, worker: string): Promise<number | undefined> {
    const [row] = await this.database.query(FIND_UNREAD_TIME, [id, worker]);
    return row && Number(row['unread_ms']);
  }

  override async countQueued(owner: string): Promise<number> {
    const [row] = await this.database.query(COUNT_QUEUED, [owner]);
    return Number(row?.['count']);
  }

  override async countWaiting(): Promise<WaitingRuns> {
    const [row] = await this.database.query(COUNT_WAITING, [this.clock.now()]);
    return readWaiting(row);
  }

  override async countOpenWaits(): Promise<UnansweredWaits> {
    const [row] = await this.database.query(COUNT_OPEN_WAITS, []);
    return readUnanswered(row);
  }

  override async remove(id: string, owner: string): Promise<boolean> {
    const now = this.clock.now();
    const lived = await this.database.transact(async (session) => {
      await session.query(
        `delete from millrace.documents where owner = $2 and id in (
           select id from millrace.run_segments where run = $1 and run in (select id from millrace.runs where id = $1 and owner = $2))`,
        [id, owner],
      );
      const removed = await session.query(
        'delete from millrace.runs where id = $1 and owner = $2 returning (finished is null or expires > $3::bigint) as lived',
        [id, owner, now],
      );
      return removed[0]?.['lived'] === true;
    });
    if (lived) this.changes.tell([id]);
    return lived;
  }
}
