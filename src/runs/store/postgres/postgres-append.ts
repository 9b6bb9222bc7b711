import type { LogBatch, RunLimits } from '../run-log-store.js';
import type { PreparedStatement } from './postgres-database.js';
import type { PostgresValue } from './postgres-session.js';

/** Number of the next event of the run `runs.id`. */
export const NEXT_NUMBER = `coalesce((select last + 1 from millrace.run_log where run = runs.id order by first desc limit 1), 0)`;

/**
 * The runs are held until the commit, so that nobody begins them meanwhile: whoever does that waits, and then refuses what comes
 * later. They are held in the order of their ids, as everywhere, so that no two statements wait for each other. What was sent twice is
 * recognised even where the first one is not committed yet: no other can have the same first number under the same epoch.
 */
const BATCHES = `
  with held as materialized (
    select id, epoch, is_cancelled, finished from millrace.runs where id = any($1::text[]) order by id for share
  ), batch as materialized (
    select given.*, is_cancelled,
      finished is null and given.first = coalesce(
        (select last + 1 from millrace.run_log where run = given.run order by first desc limit 1), 0) as is_next
    from unnest($1::text[], $2::int[], $3::int[], $4::int[], $5::text[]) as given (run, epoch, first, last, events)
    join held on held.id = given.run and held.epoch = given.epoch
  ), inserted as (
    insert into millrace.run_log (run, first, last, events)
    select run, first, last, events from batch where is_next on conflict do nothing
  )`;

const VERDICTS = `
  select run, is_cancelled, is_next or exists (
    select from millrace.run_log log where log.run = batch.run and log.first = batch.first and log.last = batch.last) as is_kept
  from batch`;

const APPEND: PreparedStatement = { name: 'append', sql: `${BATCHES} ${VERDICTS}` };

/** With steps that have finished, and runs that have ended. Whoever finishes a step is no poison. */
const APPEND_ALL: PreparedStatement = {
  name: 'append_all',
  sql: `${BATCHES}, ending as (
    select batch.run, batch.last, given.status, given.finished, given.rest
    from unnest($9::text[], $10::text[], $11::bigint[], $12::text[]) as given (run, status, finished, rest)
    join batch on batch.run = given.run and is_next
  ), kept as (
    insert into millrace.run_steps (run, node, epoch, json)
    select batch.run, given.node, batch.epoch, given.json
    from unnest($6::text[], $7::text[], $8::text[]) as given (run, node, json)
    join batch on batch.run = given.run and is_next
    where batch.run not in (select run from ending) on conflict do nothing
  ), progress as (
    update millrace.runs set deaths = 0 where deaths > 0
      and id in (select run from batch where is_next and run = any($6::text[]) and run not in (select run from ending))
  ), ended as (
    update millrace.runs set status = ending.status, moved = now(),
      active_ms = active_ms + greatest(0, ending.finished - coalesce(seen, ending.finished)), seen = ending.finished,
      finished = ending.finished, length = ending.last + 1, log_expires = ending.finished + $13::bigint,
      expires = ending.finished + greatest($13::bigint, $14::bigint), ending = ending.rest
    from ending where id = ending.run
  ), forgotten as (
    delete from millrace.run_steps where run in (select run from ending)
  ) ${VERDICTS}`,
};

/** One statement for what any number of runs have to say. */
export function writeAppend(
  batches: readonly LogBatch[],
  { logTtlMs, recordTtlMs }: RunLimits,
): readonly [statement: PreparedStatement, values: readonly PostgresValue[]] {
  const runs: string[] = [];
  const epochs: number[] = [];
  const firsts: number[] = [];
  const lasts: number[] = [];
  const events: string[] = [];
  const steps: readonly [string[], string[], string[]] = [[], [], []];
  const endings: readonly [string[], string[], number[], string[]] = [[], [], [], []];
  for (const batch of batches) {
    runs.push(batch.run);
    epochs.push(batch.epoch);
    firsts.push(batch.first);
    lasts.push(batch.first + batch.events.length - 1);
    events.push(`[${batch.events.join(',')}]`);
    for (const { node, json } of batch.steps ?? []) {
      steps[0].push(batch.run);
      steps[1].push(node);
      steps[2].push(json);
    }
    if (batch.ending !== undefined) {
      const { status, finishedAt, ...rest } = batch.ending;
      endings[0].push(batch.run);
      endings[1].push(status);
      endings[2].push(finishedAt);
      endings[3].push(JSON.stringify(rest));
    }
  }
  const values = [runs, epochs, firsts, lasts, events];
  if (steps[0].length === 0 && endings[0].length === 0) return [APPEND, values];
  return [APPEND_ALL, [...values, ...steps, ...endings, logTtlMs, recordTtlMs]];
}
