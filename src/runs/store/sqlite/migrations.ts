import type { SqliteThread, SqlStep } from './sqlite-thread.js';

/** The migrations in order; `user_version` holds how many a file has had. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `create table documents (
       id text primary key, owner text not null, created integer not null, expires integer not null,
       length integer not null, json text not null
     ) strict`,
    'create index documents_by_owner on documents (owner, created, id, length)',
    'create index documents_by_end on documents (expires)',
    `create table document_parts (
       id text primary key, document text not null, owner text not null, json text not null
     ) strict, without rowid`,
    'create index document_parts_by_document on document_parts (document)',
    'create table document_owners (owner text primary key, count integer not null, length integer not null) strict',
    `create trigger document_added after insert on documents begin
       insert into document_owners values (new.owner, 1, new.length)
       on conflict do update set count = count + 1, length = length + excluded.length;
     end`,
    `create trigger document_removed after delete on documents begin
       delete from document_parts where document = old.id;
       update document_owners set count = count - 1, length = length - old.length where owner = old.owner;
       delete from document_owners where owner = old.owner and count = 0;
     end`,
  ],
  [
    `create table runs (
       id text primary key, owner text not null, status text not null, epoch integer not null, created integer not null,
       finished integer, expires integer not null, request text not null, head text not null
     ) strict`,
    'create index runs_by_end on runs (expires)',
    'create index runs_unfinished on runs (id) where finished is null',
    `create table run_log (
       run text not null, first integer not null, last integer not null, events text not null, primary key (run, first)
     ) strict, without rowid`,
    'create trigger run_removed after delete on runs begin delete from run_log where run = old.id; end',
    // The stored end of a run has the run's id: when it is removed to make room, so is the log.
    `create trigger run_forgotten after delete on documents begin
       delete from runs where id = old.id and owner = old.owner and finished is not null;
     end`,
  ],
  [
    // No release has created these tables, which had no segments and no columns to list runs by.
    'drop trigger run_forgotten',
    'drop table run_log',
    'drop table runs',
    `create table runs (
       id text primary key, owner text not null, door text not null, workflow text not null, version text, model text not null,
       status text not null, epoch integer not null, deaths integer not null, active_ms integer not null, seen integer,
       is_cancelled integer not null, priority integer not null,
       created integer not null, run_at integer not null, started integer, finished integer,
       length integer, has_log integer not null, log_expires integer not null, expires integer not null,
       metadata text not null, admission text not null, ending text, key text, hash text
     ) strict`,
    'create index runs_by_end on runs (expires) where finished is not null',
    'create index runs_by_log_end on runs (log_expires) where finished is not null and has_log = 1',
    'create index runs_unfinished on runs (id) where finished is null',
    'create index runs_by_owner on runs (owner, created, id)',
    'create unique index runs_by_key on runs (owner, key) where key is not null',
    // Separate from the runs, whose rows change: SQLite writes whole rows.
    'create table run_requests (run text primary key, request text not null, head text not null) strict',
    `create table run_segments (
       id text primary key, run text not null, first integer not null
     ) strict, without rowid`,
    'create index run_segments_by_run on run_segments (run, first)',
    `create table run_log (
       run text not null, first integer not null, last integer not null, events any not null, primary key (run, first)
     ) strict, without rowid`,
    `create table run_steps (
       run text not null, node text not null, epoch integer not null, json text not null, primary key (run, node)
     ) strict, without rowid`,
    `create trigger run_log_removed after update of has_log on runs when new.has_log = 0 begin
       delete from run_log where run = new.id;
       delete from run_steps where run = new.id;
       delete from run_requests where run = new.id;
     end`,
    `create trigger run_removed after delete on runs begin
       delete from run_log where run = old.id;
       delete from run_steps where run = old.id;
       delete from run_requests where run = old.id;
       delete from run_segments where run = old.id;
     end`,
    // When the stored end of a segment is removed to make room, so is the log with the same content.
    `create trigger run_forgotten after delete on documents begin
       update runs set has_log = 0, key = null
       where id in (select run from run_segments where id = old.id) and owner = old.owner and finished is not null;
     end`,
  ],
  ['create table secrets (name text primary key, value text not null) strict'],
  ['alter table runs add column wakes integer not null default 0'],
  [
    `create table schedules (
       owner text not null, id text not null, created integer not null, json text not null, next integer, fault text,
       primary key (owner, id)
     ) strict`,
    'create index schedules_by_time on schedules (next) where next is not null',
  ],
  [
    'alter table run_segments add column head text',
    // Open until there is an answer, it expires, or its run ends. "value" is empty if it has expired.
    `create table run_waits (
       run text not null, node text not null, name text not null, call_id text not null unique, place integer not null,
       shown text not null, schema text not null, asked integer not null, expires integer, is_open integer not null,
       answered integer, value text, segment text, turn integer, primary key (run, node)
     ) strict`,
    'create index run_waits_open on run_waits (expires) where is_open = 1',
    'create trigger run_removed_with_waits after delete on runs begin delete from run_waits where run = old.id; end',
  ],
  // Only the packing of values changes: earlier releases cannot read them.
  [],
  [
    'alter table runs add column attempts integer not null default 0',
    // The process that takes it from the queue continues an attempt that is already counted.
    'alter table runs add column is_counted integer not null default 0',
    'update runs set attempts = epoch',
  ],
];

/**
 * Migrates the tables of a database.
 * @throws Error if a newer release has made them
 */
export async function migrate(thread: SqliteThread): Promise<void> {
  const [rows] = await thread.transact([['pragma user_version']]);
  const version = Number(rows?.[0]?.['user_version'] ?? 0);
  if (version > MIGRATIONS.length) {
    throw new Error(`It was written by a newer release (format ${version}; this one knows up to ${MIGRATIONS.length})`);
  }
  const steps = MIGRATIONS.slice(version).flatMap((migration) => migration.map((sql): SqlStep => [sql]));
  if (steps.length > 0) await thread.transact([...steps, [`pragma user_version = ${MIGRATIONS.length}`]]);
}
