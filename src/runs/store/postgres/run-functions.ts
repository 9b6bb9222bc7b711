import { SETTINGS } from './functions.js';

/** Number of the next event of the run `runs.id`. */
export const NEXT_NUMBER = `coalesce((select last + 1 from millrace.run_log where run = runs.id order by first desc limit 1), 0)`;

/** All columns of a run except its head. */
export const RUN_COLUMNS = `runs.id, owner, door, workflow, version, model, status, epoch, attempts, wakes, deaths, active_ms, seen, is_cancelled,
  priority, created, run_at, started, finished, has_log, log_expires, metadata, admission, ending,
  coalesce(length, ${NEXT_NUMBER}) as length,
  (select coalesce(json_agg(json_build_object('id', segment.id, 'from', segment.first, 'head', segment.head) order by segment.first), '[]')::text
   from millrace.run_segments segment where segment.run = runs.id) as segments`;

/** The types of {@link RUN_COLUMNS}. */
const RUN_TYPES = `id text, owner text, door text, workflow text, version text, model text, status text, epoch integer, attempts integer, wakes integer,
  deaths integer, active_ms bigint, seen bigint, is_cancelled boolean, priority integer, created bigint, run_at bigint, started bigint,
  finished bigint, has_log boolean, log_expires bigint, metadata text, admission text, ending text, length integer, segments text`;

export const HEAD_COLUMN = `coalesce((select head from millrace.run_requests where run = runs.id), '') as head`;

export const WAITS_COLUMN = `(
    select coalesce(json_agg(json_build_object('name', name, 'node', node, 'callId', call_id, 'shown', shown, 'schema', schema,
      'asked', asked, 'expires', expires, 'answered', answered, 'value', value, 'segment', segment, 'turn', turn)
      order by place), '[]')::text
    from millrace.run_waits where run = runs.id
  ) as waits`;

/** How long a process counts as alive after a report, so that its runs are not taken over. Milliseconds. */
const LEASE_MS = 4_500;

/** Characters of a piece of a log. A packed piece begins with its original length. */
const LENGTH_OF_EVENTS = `case when events like '~%' then split_part(events, '~', 2)::int else length(events) end`;

/**
 * The statements that each run needs once or twice. Sent as text, they would take longer to plan than to run. As
 * functions, each is one statement and one transaction, whose parts see what others have committed meanwhile.
 */
export const RUN_FUNCTIONS = `
  create function millrace.create_run_1(the_id text, the_owner text, the_door text, the_workflow text, the_version text, the_model text,
      the_priority int, at bigint, the_run_at bigint, the_metadata text, the_admission text, the_key text, the_hash text,
      the_request text, the_head text, the_segment text)
    returns boolean ${SETTINGS} as $$
  begin
    insert into millrace.runs (id, owner, door, workflow, version, model, status, epoch, wakes, moved, deaths, active_ms,
      is_cancelled, priority, created, run_at, has_log, log_expires, expires, metadata, admission, key, hash)
    values (the_id, the_owner, the_door, the_workflow, the_version, the_model, 'queued', 0, 0, now(), 0, 0,
      false, the_priority, at, the_run_at, true, at, at, the_metadata, the_admission, the_key, the_hash)
    on conflict do nothing;
    if not found then return false; end if;
    insert into millrace.run_requests (run, request, head) values (the_id, the_request, the_head);
    if the_segment is not null then
      insert into millrace.run_segments (id, run, first) values (the_segment, the_id, 0);
    end if;
    return true;
  end $$;

  create function millrace.count_queued_1(the_owner text) returns bigint ${SETTINGS} as $$
  begin return (select count(*) from millrace.runs where owner = the_owner and status = 'queued'); end $$;

  create function millrace.find_run_1(the_id text, the_owner text, at bigint)
    returns table (${RUN_TYPES}, head text) ${SETTINGS} as $$
  #variable_conflict use_column
  begin return query select ${RUN_COLUMNS}, ${HEAD_COLUMN} from millrace.runs
    where runs.id = coalesce((select run from millrace.run_segments where run_segments.id = the_id), the_id) and owner = the_owner
      and (finished is null or expires > at);
  end $$;

  -- A separate statement sees everything that another process committed before it lost the run. "reached_for_ms" is how long the process
  -- has reached the database; null: always. A process that could not reach it to report may be alive.
  create function millrace.claim_1(the_id text, the_worker text, at bigint, the_wake int, reached_for_ms double precision)
    returns table (${RUN_TYPES}, head text, request text, waits text, steps text, log_length bigint) ${SETTINGS} as $$
  #variable_conflict use_column
  begin
    update millrace.runs set
      deaths = deaths + (status = 'running' and moved >= greatest(pg_postmaster_start_time(), now() - reached_for_ms * interval '1 ms'))::int,
      attempts = attempts + (status = 'running' or not is_counted)::int, is_counted = status <> 'running' and is_counted,
      status = 'running', epoch = epoch + 1, worker = the_worker, moved = now(), started = coalesce(started, at), seen = at
    where runs.id = the_id and status in ('queued', 'running') and (the_wake is null or wakes = the_wake);
    if not found then return; end if;
    return query select ${RUN_COLUMNS}, run_requests.head, run_requests.request, ${WAITS_COLUMN},
      (select coalesce(json_agg(json), '[]')::text from millrace.run_steps where run = runs.id),
      (select coalesce(sum(${LENGTH_OF_EVENTS}), 0) from millrace.run_log where run = runs.id)
    from millrace.runs join millrace.run_requests on run_requests.run = runs.id where runs.id = the_id;
  end $$;

  -- Puts packed pieces of a log in the place of their rows. A piece whose first row is packed already was packed by another process.
  create function millrace.pack_log_1(the_run text, firsts int[], lasts int[], texts text[]) returns void ${SETTINGS} as $$
  begin
    for place in 1 .. cardinality(firsts) loop
      update millrace.run_log set last = lasts[place], events = texts[place], is_packed = true
      where run = the_run and first = firsts[place] and not is_packed;
      if found then
        delete from millrace.run_log where run = the_run and first > firsts[place] and first <= lasts[place] and last <= lasts[place];
      end if;
    end loop;
  end $$;
`;

/** The changes of {@link RUN_FUNCTIONS} for leases by the database's clock. */
export const LEASE_FUNCTIONS = `
  -- A process that executes runs reports every 1.5 s.
  create function millrace.is_alive_1(the_worker text) returns boolean ${SETTINGS} as $$
  begin return exists (select from millrace.run_workers where id = the_worker and seen > now() - interval '${LEASE_MS} ms'); end $$;

  -- Like claim_1, but an active run is left to its process while that is alive by the database's clock, whatever the queue says: its leases
  -- go by the clocks of processes.
  create function millrace.claim_2(the_id text, the_worker text, at bigint, the_wake int, reached_for_ms double precision)
    returns table (${RUN_TYPES}, head text, request text, waits text, steps text, log_length bigint) ${SETTINGS} as $$
  #variable_conflict use_column
  begin
    update millrace.runs set
      deaths = deaths + (status = 'running' and moved >= greatest(pg_postmaster_start_time(), now() - reached_for_ms * interval '1 ms'))::int,
      attempts = attempts + (status = 'running' or not is_counted)::int, is_counted = status <> 'running' and is_counted,
      status = 'running', epoch = epoch + 1, worker = the_worker, moved = now(), started = coalesce(started, at), seen = at
    where runs.id = the_id and status in ('queued', 'running') and (the_wake is null or wakes = the_wake)
      and not (status = 'running' and worker <> the_worker and millrace.is_alive_1(worker));
    if not found then return; end if;
    return query select ${RUN_COLUMNS}, run_requests.head, run_requests.request, ${WAITS_COLUMN},
      (select coalesce(json_agg(json), '[]')::text from millrace.run_steps where run = runs.id),
      (select coalesce(sum(${LENGTH_OF_EVENTS}), 0) from millrace.run_log where run = runs.id)
    from millrace.runs join millrace.run_requests on run_requests.run = runs.id where runs.id = the_id;
  end $$;
`;

/** Comparing ids byte by byte is faster than by the rules of a language. */
export const BYTEWISE_IDS = [
  'runs alter column id',
  'run_log alter column run',
  'run_steps alter column run',
  'run_requests alter column run',
  'run_segments alter column id',
  'run_segments alter column run',
  'run_waits alter column run',
]
  .map((column) => `alter table millrace.${column} type text collate "C";`)
  .join('\n');
