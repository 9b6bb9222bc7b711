/**
 * The most frequent statements, as database functions, so that their plans are kept and made for large tables. A plan
 * made while a table is empty scans all of it, and is kept until the table has statistics: for minutes, an append then
 * takes time in proportion to the log's length (measured). A changed function gets a new name, because processes of the
 * previous release still use the old one.
 */
export const SETTINGS = 'language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan';

/**
 * Most rows of one page, and the number of events after which a page is complete. Each row holds what one run wrote in
 * one commit, or a packed part of a log.
 */
const PAGE_ROWS = 200;
const PAGE_EVENTS = 1_000;

/**
 * The runs are locked until the commit, so that no process claims them meanwhile: a claim waits, and later batches are
 * refused after it. As everywhere, they are locked in the order of their ids, so that no deadlock can occur. A batch
 * sent twice is recognised even if the first one is not committed yet: no other batch has the same first number under
 * the same epoch.
 */
const BATCHES = `
  with held as materialized (
    select id, epoch, is_cancelled, finished from millrace.runs where id = any(the_runs) order by id for share
  ), batch as materialized (
    select given.*, held.is_cancelled,
      finished is null and given.first = coalesce(
        (select last + 1 from millrace.run_log where run_log.run = given.run order by run_log.first desc limit 1), 0) as is_next
    from unnest(the_runs, epochs, firsts, lasts, texts) as given (run, epoch, first, last, events)
    join held on held.id = given.run and held.epoch = given.epoch
  ), inserted as (
    insert into millrace.run_log (run, first, last, events)
    select batch.run, batch.first, batch.last, batch.events from batch where is_next on conflict do nothing
  )`;

const VERDICTS = `
  select batch.run, batch.is_cancelled, is_next or exists (
    select from millrace.run_log log where log.run = batch.run and log.first = batch.first and log.last = batch.last) as is_kept
  from batch`;

export const FUNCTIONS = `
  create function millrace.append_1(the_runs text[], epochs int[], firsts int[], lasts int[], texts text[])
    returns table (run text, is_cancelled boolean, is_kept boolean) ${SETTINGS} as $$
  #variable_conflict use_column
  begin return query ${BATCHES} ${VERDICTS}; end $$;

  create function millrace.read_logs_1(the_runs text[], numbers int[], at bigint, most_length int)
    returns table (run text, is_over boolean, first int, events text) ${SETTINGS} as $$
  #variable_conflict use_column
  begin return query
    select given.run, runs.finished is not null, piece.first, piece.events
    from unnest(the_runs, numbers) as given (run, number)
    join millrace.runs on runs.id = given.run and has_log and (finished is null or log_expires > at)
    left join lateral (
      select counted.first, counted.events from (
        select listed.first, listed.events, sum(octet_length(listed.events)) over earlier as length_before,
          sum(listed.last - listed.first + 1) over earlier as count_before
        from (
          select run_log.first, run_log.last, run_log.events from millrace.run_log
          where run_log.run = given.run and run_log.last >= given.number and run_log.first >= coalesce((
              select log.first from millrace.run_log log where log.run = given.run and log.first <= given.number
              order by log.first desc limit 1
            ), 0)
          order by run_log.first limit ${PAGE_ROWS}
        ) as listed
        window earlier as (order by listed.first rows between unbounded preceding and 1 preceding)
      ) as counted
      where coalesce(length_before, 0) < most_length and coalesce(count_before, 0) < ${PAGE_EVENTS}
    ) as piece on true
    order by given.run, piece.first;
  end $$;
`;

/** The function that appends more than events, since the release in which runs can wait. */
export const APPEND_ALL_FUNCTION = `
  -- With steps that have finished, waits that are open, and runs that have ended. A run that finishes a step, or
  -- waits, does not crash its processes. A run that waits already, or again, does not change: its batch was sent twice.
  create function millrace.append_all_2(the_runs text[], epochs int[], firsts int[], lasts int[], texts text[],
      step_runs text[], step_nodes text[], step_texts text[],
      ended_runs text[], ended_statuses text[], ended_at bigint[], ended_texts text[], log_ttl bigint, record_ttl bigint,
      waits json, at bigint)
    returns table (run text, is_cancelled boolean, is_kept boolean) ${SETTINGS} as $$
  #variable_conflict use_column
  begin return query ${BATCHES}, ending as (
    select batch.run, batch.last, given.status, given.finished, given.rest
    from unnest(ended_runs, ended_statuses, ended_at, ended_texts) as given (run, status, finished, rest)
    join batch on batch.run = given.run and is_next
  ), asked as (
    select given.* from json_to_recordset(waits) as given (run text, node text, name text, call_id text, place int, shown text, schema text,
      asked bigint, expires bigint)
    join batch on batch.run = given.run and is_next
  ), kept as (
    insert into millrace.run_steps (run, node, epoch, json)
    select batch.run, given.node, batch.epoch, given.json
    from unnest(step_runs, step_nodes, step_texts) as given (run, node, json)
    join batch on batch.run = given.run and is_next
    where batch.run not in (select ending.run from ending) on conflict do nothing
  ), progress as (
    update millrace.runs set deaths = 0 where deaths > 0
      and id in (select batch.run from batch where is_next and batch.run = any(step_runs)
        and batch.run not in (select ending.run from ending union all select asked.run from asked))
  ), waiting as (
    insert into millrace.run_waits (run, node, name, call_id, place, shown, schema, asked, expires, is_open)
    select asked.run, asked.node, asked.name, asked.call_id,
      asked.place + (select count(*) from millrace.run_waits other where other.run = asked.run),
      asked.shown, asked.schema, asked.asked, asked.expires, true
    from asked on conflict (run, node) do nothing
  ), resting as (
    update millrace.runs set status = 'waiting', worker = null, moved = now(), deaths = 0,
      active_ms = active_ms + greatest(0, at - seen), seen = at
    where status = 'running' and id in (select asked.run from asked)
  ), ended as (
    update millrace.runs set status = ending.status, moved = now(),
      active_ms = active_ms + case when runs.status = 'running' then greatest(0, ending.finished - seen) else 0 end, seen = ending.finished,
      finished = ending.finished, length = ending.last + 1, log_expires = ending.finished + log_ttl,
      expires = ending.finished + greatest(log_ttl, record_ttl), ending = ending.rest
    from ending where id = ending.run
  ), forgotten as (
    delete from millrace.run_steps where run_steps.run in (select ending.run from ending)
  ), closed as (
    update millrace.run_waits set is_open = false where is_open and run_waits.run in (select ending.run from ending)
  ) ${VERDICTS}; end $$;
`;
