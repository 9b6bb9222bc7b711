import type { WorkerOffer } from '../run-log-store.js';
import { HEAD_COLUMN, NEXT_NUMBER, RUN_COLUMNS, WAITS_COLUMN } from './run-functions.js';

/** Most lost runs found at once. */
const LOST_AT_ONCE = 500;

/**
 * A process that has not reported for this long has died: with the search every 5 s, its runs continue within 12 s even if
 * the queue does not notice. It reports every 1.5 s, and keeps its runs for 4.5 s. Milliseconds.
 */
const SILENT_MS = 7_000;

/** Most runs whose waits expire at once. */
const EXPIRED_AT_ONCE = 500;

export const CREATE = `select millrace.create_run_1(${Array.from({ length: 16 }, (_, place) => `$${place + 1}`).join(', ')}) as is_made`;

/** The run itself, or the one that has its key. */
export const FIND_CREATED = `select ${RUN_COLUMNS}, ${HEAD_COLUMN}, hash from millrace.runs
    where id = $1 or (owner = $2 and key = $3) order by (id = $1) desc limit 1`;

export const FIND_REPEATED = `select ${RUN_COLUMNS}, ${HEAD_COLUMN}, hash from millrace.runs where owner = $1 and key = $2`;

/** Claims the run, and returns all that its process needs. */
export const CLAIM = 'select * from millrace.claim_2($1, $2, $3, $4, $5)';

/** See `RunLogStore.isAtWork`. */
export const IS_AT_WORK = `select from millrace.runs where id = $1 and wakes = $2 and status = 'running' and millrace.is_alive_1(worker)`;

/** Runs that are active in one of the given attempts, locked in the order of their ids as in {@link writeAppend}. */
const ATTEMPTS = `
  with attempt as (
    select id from millrace.runs join unnest($1::text[], $2::int[]) as given (run, number) on id = run and epoch = number
    where status = 'running' order by id for update of runs
  )`;

/** Returns the ids of runs that are gone or have another number. */
export const KEEP_ALIVE = `${ATTEMPTS}, alive as (
    update millrace.runs set active_ms = active_ms + greatest(0, $3::bigint - seen), seen = $3::bigint, moved = now()
    from attempt where attempt.id = runs.id
  ) select given.run as id from unnest($1::text[], $2::int[]) as given (run, number)
    where not exists (select from millrace.runs where runs.id = given.run and runs.epoch = given.number)`;

export const RELEASE = `${ATTEMPTS} update millrace.runs set status = 'queued', wakes = wakes + 1, worker = null, moved = now(),
      active_ms = active_ms + greatest(0, $3::bigint - seen), seen = $3::bigint,
      is_counted = not released.has_begun, run_at = coalesce(released.at, run_at),
      deaths = case when released.at is null then deaths else 0 end
    from attempt join unnest($1::text[], $4::bigint[], $5::boolean[]) as released (run, at, has_begun) on released.run = attempt.id
    where attempt.id = runs.id`;

export const ADD_SEGMENT = `
  insert into millrace.run_segments (id, run, first, head) select $3, runs.id, ${NEXT_NUMBER}, $4 from millrace.runs
  where runs.id = $1 and epoch = $2 and status = 'running' on conflict do nothing`;

export const MARK_CANCELLED =
  'update millrace.runs set is_cancelled = true where id = $1 and finished is null and not is_cancelled';

/** A row for each piece of a log, or one without events if the run has no more. Without a row, the run is gone. */
export const READ = 'select * from millrace.read_logs_1($1, $2, $3, $4)';

export const FIND = 'select * from millrace.find_run_1($1, $2, $3)';

export const FIND_PLACE = 'select created, id from millrace.runs where id = $1 and owner = $2';

/** Without a position, the list begins at the end. */
const makeList = (order: 'asc' | 'desc'): string => `select ${RUN_COLUMNS}, ${HEAD_COLUMN} from millrace.runs
    where owner = $1 and (finished is null or expires > $2::bigint) and ($3::text is null or model = $3::text)
      and ($4::text is null or status = $4::text)
      and (created, id) ${
        order === 'asc'
          ? `> (coalesce($5::bigint, -1), coalesce($6::text, ''))`
          : `< (coalesce($5::bigint, 9223372036854775807), coalesce($6::text, ''))`
      }
    order by created ${order}, id ${order} limit $7`;

export const LIST = { asc: makeList('asc'), desc: makeList('desc') };

export const FIND_OWNER = 'select owner from millrace.runs where id = $1';

export const FIND_REQUEST = 'select request from millrace.run_requests where run = $1';

export const ADD_SECRET = 'insert into millrace.secrets values ($1, $2) on conflict do nothing';

export const FIND_SECRET = 'select value from millrace.secrets where name = $1';

/**
 * See `RunLogStore.findLost`. The runs found count as handled from now on, so that not every process takes them up.
 * Active runs get a new wake-up, because a queue that still considers the old job alive takes no second one of the same
 * name.
 */
export const FIND_LOST = `
    with lost as (
      select id from millrace.runs where status in ('queued', 'running') and (
        (status = 'queued' and moved < now() - interval '15 s' and (run_at <= created or run_at <= extract(epoch from now() - interval '15 s') * 1000))
        or (status = 'running' and (moved < now() - interval '30 s'
          or exists (select from millrace.run_workers where run_workers.id = worker and run_workers.seen < now() - interval '${SILENT_MS} ms'))))
      order by created, id limit ${LOST_AT_ONCE} for update skip locked
    ), found as (
      update millrace.runs set moved = now(), wakes = wakes + (status = 'running')::int, worker = null from lost where lost.id = runs.id
      returning ${RUN_COLUMNS}, '' as head
    ) select * from found order by created, id`;

/** See `RunLogStore.findLost`. */
export const FIND_LEFT = `select ${RUN_COLUMNS}, '' as head from millrace.runs
    where id = any($1::text[]) and finished is null and (status = 'queued' or (status = 'running' and worker = $2))
    order by created, id`;

export const WORKER_BEAT = `insert into millrace.run_workers (id, graphs, workflows, doors, seen)
    values ($1, $2::text[], $3::text[], $4::text[], now())
    on conflict (id) do update set graphs = excluded.graphs, workflows = excluded.workflows, doors = excluded.doors, seen = excluded.seen`;

/** See `RunLogStore.isOffered`. */
export const IS_OFFERED: Readonly<Record<keyof WorkerOffer, string>> = {
  graphs: findOffer('graphs'),
  workflows: findOffer('workflows'),
  doors: findOffer('doors'),
};

function findOffer(kind: keyof WorkerOffer): string {
  return `select 1 from millrace.run_workers where $1 = any(${kind}) and seen > now() - interval '30 s' limit 1`;
}

export const COUNT_WAITING = `select count(*) filter (where status = 'queued' and (run_at <= created or run_at <= $1::bigint)) as due,
    min(case when status <> 'queued' or run_at > $1::bigint then null when seen > run_at then seen else run_at end) as since from millrace.runs where status in ('queued', 'running')`;

export const COUNT_QUEUED = 'select millrace.count_queued_1($1) as count';

/** Locks a run that waits for answers. */
export const HOLD_WAITING = `select 1 from millrace.runs where id = $1 and status = 'waiting' for update`;

/** Stores answers, if all of these waits are open. The run must be locked. */
export const ANSWER = `
    update millrace.run_waits set is_open = false, answered = $4::bigint, value = given.json, segment = $5::text,
      turn = given.place - 1 + (select count(*) from millrace.run_waits other where other.run = $1 and other.answered is not null)
    from unnest($2::text[], $3::text[]) with ordinality as given (node, json, place)
    where run_waits.run = $1 and run_waits.node = given.node and is_open
      and cardinality($2::text[]) = (
        select count(*) from millrace.run_waits other where other.run = $1 and other.is_open and other.node = any($2::text[]))
    returning 1`;

/** Queues a run without open waits, and begins its next segment. The run must be locked. */
export const GO_ON = `
    with ready as (
      update millrace.runs set status = 'queued', wakes = wakes + 1, is_counted = true, moved = now(), seen = $2::bigint
      where id = $1 and not exists (select from millrace.run_waits where run = $1 and is_open) returning id
    ) insert into millrace.run_segments (id, run, first, head)
      select $3::text, runs.id, ${NEXT_NUMBER}, $4::text from millrace.runs where id in (select id from ready) and $3::text is not null`;

export const FIND_ANSWERED = `select ${RUN_COLUMNS}, ${HEAD_COLUMN} from millrace.runs where id = $1`;

export const FIND_WAITS = `select ${WAITS_COLUMN} from millrace.runs where id = $1`;

export const FIND_RUN_OF_CALL = `select ${RUN_COLUMNS}, ${HEAD_COLUMN} from millrace.runs
    where id = (select run from millrace.run_waits where call_id = $1) and owner = $2 and (finished is null or expires > $3::bigint)`;

/** Milliseconds since the Unix epoch, by the database's clock. */
const NOW = `floor(extract(epoch from now()) * 1000)::bigint`;

/** Runs with expired waits, locked in the order of their ids. Runs locked by another process are skipped. */
export const HOLD_EXPIRED = `
    select id from millrace.runs where status = 'waiting' and id in (
      select run from millrace.run_waits where is_open and expires <= ${NOW} order by expires limit ${EXPIRED_AT_ONCE}
    ) order by id for update skip locked`;

/**
 * Expires the waits of the locked runs, and returns the runs. A wait may have been answered before its run was locked.
 */
export const EXPIRE = `
    update millrace.run_waits set is_open = false, answered = ${NOW}, turn = due.turn from (
      select run, node, row_number() over (partition by run order by place) - 1
        + (select count(*) from millrace.run_waits other where other.run = due.run and other.answered is not null) as turn
      from millrace.run_waits due where is_open and expires <= ${NOW} and run = any($1::text[])
    ) as due where run_waits.run = due.run and run_waits.node = due.node
    returning run_waits.run`;

export const WAKE_EXPIRED = `
    update millrace.runs set status = 'queued', wakes = wakes + 1, is_counted = true, moved = now(), seen = $2::bigint
    where id = any($1::text[]) returning ${RUN_COLUMNS}, ${HEAD_COLUMN}`;

/** Milliseconds until the next wait expires. */
export const FIND_NEXT_EXPIRY = `
    select expires - ${NOW} as in_ms from millrace.run_waits where is_open and expires is not null
      and exists (select from millrace.runs where id = run and status = 'waiting') order by expires limit 1`;

export const COUNT_OPEN_WAITS = 'select count(*) as open, min(asked) as oldest from millrace.run_waits where is_open';

export const BIND_TO_READERS = `update millrace.runs set read_at = now() where id = $1 and finished is null`;

/** Locked in the order of their ids as in {@link writeAppend}. */
export const MARK_READ = `
    with bound as (
      select id from millrace.runs where id = any($1::text[]) and read_at is not null and finished is null order by id for update
    ) update millrace.runs set read_at = now() from bound where bound.id = runs.id`;

export const FIND_UNREAD_TIME = `
    select extract(epoch from clock_timestamp() - coalesce(read_at, now())) * 1000 as unread_ms from millrace.runs
    where id = $1 and finished is null and (status = 'queued' or (status = 'running' and worker = $2))`;
