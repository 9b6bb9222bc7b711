import { APPEND_ALL_FUNCTION, FUNCTIONS, SETTINGS } from './functions.js';
import { BYTEWISE_IDS, LEASE_FUNCTIONS, RUN_FUNCTIONS } from './run-functions.js';
import type { PostgresSession } from './postgres-session.js';

/** The advisory lock for processes that start at the same time: any number that nothing else uses. */
const LOCK = 7_214_600_301;

/** The migrations in order; `millrace.format` holds how many a database has had. */
const MIGRATIONS: readonly string[] = [
  `
  create table millrace.documents (
    id text primary key, owner text not null, created bigint not null, expires bigint not null,
    length integer not null, json text not null
  );
  create index documents_by_owner on millrace.documents (owner, created, id, length);
  create index documents_by_end on millrace.documents (expires);
  create table millrace.document_parts (
    id text primary key, document text not null, owner text not null, json text not null
  );
  create index document_parts_by_document on millrace.document_parts (document);
  create table millrace.document_owners (owner text primary key, count integer not null, length bigint not null);

  -- "moved" is the database's time of the last report about the run: leases count from it, whatever the clocks of the processes
  -- say. It is in no index, so that an update costs no index entry. "read_at" is the same for the readers of a run that ends
  -- without readers; of other runs it is null.
  create table millrace.runs (
    id text primary key, owner text not null, door text not null, workflow text not null, version text, model text not null,
    status text not null, epoch integer not null, wakes integer not null, worker text, moved timestamptz not null, read_at timestamptz,
    deaths integer not null, active_ms bigint not null, seen bigint,
    is_cancelled boolean not null, priority integer not null,
    created bigint not null, run_at bigint not null, started bigint, finished bigint,
    length integer, has_log boolean not null, log_expires bigint not null, expires bigint not null,
    metadata text not null, admission text not null, ending text, key text, hash text
  ) with (fillfactor = 80);
  create index runs_by_end on millrace.runs (expires) where finished is not null;
  create index runs_by_log_end on millrace.runs (log_expires) where finished is not null and has_log;
  create index runs_unfinished on millrace.runs (created, id) where finished is null;
  create index runs_queued on millrace.runs (owner) where status = 'queued';
  create index runs_by_owner on millrace.runs (owner, created, id);
  create unique index runs_by_key on millrace.runs (owner, key) where key is not null;

  create table millrace.run_requests (run text primary key, request text not null, head text not null);
  create table millrace.run_segments (id text primary key, run text not null, first integer not null);
  create index run_segments_by_run on millrace.run_segments (run, first);
  create table millrace.run_log (
    run text not null, first integer not null, last integer not null, is_packed boolean not null default false,
    events text not null, primary key (run, first)
  );
  create table millrace.run_steps (
    run text not null, node text not null, epoch integer not null, json text not null, primary key (run, node)
  );
  create table millrace.run_workers (id text primary key, graphs text[] not null, seen timestamptz not null);
  create table millrace.secrets (name text primary key, value text not null);

  create function millrace.add_document() returns trigger ${SETTINGS} as $$ begin
    insert into millrace.document_owners as known values (new.owner, 1, new.length)
    on conflict (owner) do update set count = known.count + 1, length = known.length + excluded.length;
    return null;
  end $$;
  create trigger document_added after insert on millrace.documents for each row execute function millrace.add_document();

  -- When the stored end of a segment is removed to make room, so is the log with the same content.
  create function millrace.remove_document() returns trigger ${SETTINGS} as $$ begin
    delete from millrace.document_parts where document = old.id;
    update millrace.document_owners set count = count - 1, length = length - old.length where owner = old.owner;
    delete from millrace.document_owners where owner = old.owner and count = 0;
    update millrace.runs set has_log = false, key = null
    where id in (select run from millrace.run_segments where id = old.id) and owner = old.owner and finished is not null;
    return null;
  end $$;
  create trigger document_removed after delete on millrace.documents for each row execute function millrace.remove_document();

  create function millrace.remove_run_log() returns trigger ${SETTINGS} as $$ begin
    delete from millrace.run_log where run = old.id;
    delete from millrace.run_steps where run = old.id;
    delete from millrace.run_requests where run = old.id;
    if tg_op = 'DELETE' then
      delete from millrace.run_segments where run = old.id;
    end if;
    return null;
  end $$;
  create trigger run_log_removed after update of has_log on millrace.runs
    for each row when (old.has_log and not new.has_log) execute function millrace.remove_run_log();
  create trigger run_removed after delete on millrace.runs for each row execute function millrace.remove_run_log();
  ${FUNCTIONS}`,
  `
  create table millrace.schedules (
    owner text not null, id text not null, created bigint not null, json text not null, next bigint, fault text, primary key (owner, id)
  );
  create index schedules_by_time on millrace.schedules (next) where next is not null;
  `,
  `
  alter table millrace.run_segments add column head text;
  -- Open until there is an answer, it expires, or its run ends. "value" is empty if it has expired.
  create table millrace.run_waits (
    run text not null, node text not null, name text not null, call_id text not null unique, place integer not null,
    shown text not null, schema text not null, asked bigint not null, expires bigint, is_open boolean not null,
    answered bigint, value text, segment text, turn integer, primary key (run, node)
  );
  create index run_waits_open on millrace.run_waits (expires) where is_open;
  create function millrace.remove_run_waits() returns trigger ${SETTINGS} as $$ begin
    delete from millrace.run_waits where run = old.id;
    return null;
  end $$;
  create trigger run_removed_with_waits after delete on millrace.runs for each row execute function millrace.remove_run_waits();
  -- Thousands of runs may wait for answers, and they must not slow others down.
  create index runs_in_work on millrace.runs (created, id) where status in ('queued', 'running');
  drop index millrace.runs_unfinished;
  ${APPEND_ALL_FUNCTION}`,
  // Processes report within seconds what they have.
  `
  alter table millrace.run_workers
    add column workflows text[] not null default '{}', add column doors text[] not null default '{}'`,
  // A process that takes an "is_counted" run from the queue continues an attempt that is already counted.
  `${BYTEWISE_IDS}
  alter table millrace.runs add column attempts integer not null default 0, add column is_counted boolean not null default false;
  update millrace.runs set attempts = epoch;
  ${RUN_FUNCTIONS}`,
  LEASE_FUNCTIONS,
];

/**
 * Migrates the tables of a database, in the schema `millrace`. Several processes may do this at once.
 * @throws Error if a newer release has made them
 */
export async function migrate(session: PostgresSession): Promise<void> {
  await session.query('select pg_advisory_xact_lock($1)', [LOCK]);
  const [schema] = await session.query(`select to_regclass('millrace.format') is not null as is_there`);
  if (schema?.['is_there'] !== true) {
    await session.query('create schema if not exists millrace');
    await session.query('create table millrace.format (version integer not null)');
    await session.query('insert into millrace.format values (0)');
  }
  const [format] = await session.query('select version from millrace.format');
  const version = Number(format?.['version']);
  if (version > MIGRATIONS.length) {
    throw new Error(
      `Its schema "millrace" was made by a newer release (format ${version}; this one knows up to ${MIGRATIONS.length})`,
    );
  }
  if (version === MIGRATIONS.length) return;
  for (const migration of MIGRATIONS.slice(version)) await session.query(migration);
  await session.query('update millrace.format set version = $1', [MIGRATIONS.length]);
}
