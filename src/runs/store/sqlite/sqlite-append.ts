import type { OpenWait } from '../../../engine/index.js';
import type { LogBatch } from '../log-batch.js';
import type { LoggedEnding } from '../logged-run.js';
import type { RunLimits } from '../run-log-store.js';
import type { SqlStep } from './sqlite-thread.js';

/** Number of the next event of the run `runs.id`. */
export const NEXT_NUMBER = `coalesce((select last + 1 from run_log where run = runs.id order by first desc limit 1), 0)`;

/** What a run needs in order to continue; not needed once the run is over. */
const forgetSteps = (run: string): SqlStep => [
  'delete from run_steps where run = ?1 and exists (select 1 from runs where id = ?1 and finished is not null)',
  [run],
];

/** Nothing can be answered any more once the run is over. */
const closeWaits = (run: string): SqlStep => [
  `update run_waits set is_open = 0 where run = ?1 and is_open = 1 and exists (select 1 from runs where id = ?1 and finished is not null)`,
  [run],
];

/**
 * The statements that append a batch; the last one returns a row if the batch is in the log.
 * @param now milliseconds since the Unix epoch
 */
export function writeAppend(batch: LogBatch, limits: RunLimits, now: number): readonly SqlStep[] {
  const { run, epoch, first, events, steps = [], waits = [], ending } = batch;
  const last = first + events.length - 1;
  const insert: SqlStep = [
    `insert into run_log select id, ?1, ?2, ?3 from runs
     where id = ?4 and epoch = ?5 and finished is null and ?1 = ${NEXT_NUMBER}
     on conflict do nothing`,
    [first, last, `[${events.join(',')}]`, run, epoch],
  ];
  const check: SqlStep = [
    `select is_cancelled from run_log join runs on runs.id = run where run = ? and first = ? and last = ? and epoch = ?`,
    [run, first, last, epoch],
  ];
  return [
    insert,
    ...steps.map(({ node, json }): SqlStep => [
      `insert into run_steps select id, ?1, ?2, pack_text(?3) from runs where id = ?4 and epoch = ?2
         and exists (select 1 from run_log where run = ?4 and first = ?5 and last = ?6) on conflict do nothing`,
      [node, epoch, json, run, first, last],
    ]),
    ...(steps.length > 0 ? [writeProgress(run, epoch, first, last)] : []),
    ...(waits.length > 0 ? writeWaits(batch, last, waits, now) : []),
    ...(ending === undefined ? [] : [writeEnding(batch, last, ending, limits), forgetSteps(run), closeWaits(run)]),
    check,
  ];
}

/** A finished step is progress, so the deaths are counted from 0 again. */
function writeProgress(run: string, epoch: number, first: number, last: number): SqlStep {
  return [
    `update runs set deaths = 0 where id = ?1 and epoch = ?2 and deaths > 0
       and exists (select 1 from run_log where run = ?1 and first = ?3 and last = ?4)`,
    [run, epoch, first, last],
  ];
}

/** A repeated batch finds the run inactive, and changes nothing. */
function writeWaits(
  { run, epoch, first }: LogBatch,
  last: number,
  waits: readonly OpenWait[],
  now: number,
): readonly SqlStep[] {
  const isKept = `status = 'running' and epoch = ?2 and exists (select 1 from run_log where run = ?1 and first = ?3 and last = ?4)`;
  const batch = [run, epoch, first, last] as const;
  return [
    ...waits.map((wait): SqlStep => [
      `insert into run_waits (run, node, name, call_id, place, shown, schema, asked, expires, is_open)
       select id, ?5, ?6, ?7, (select count(*) from run_waits where run = ?1), pack_text(?8), pack_text(?9), ?10, ?11, 1 from runs where id = ?1 and ${isKept} on conflict (run, node) do nothing`,
      [
        ...batch,
        wait.node,
        wait.name,
        wait.callId,
        JSON.stringify(wait.shown),
        JSON.stringify(wait.schema),
        wait.askedAt,
        wait.expiresAt,
      ],
    ]),
    [
      `update runs set status = 'waiting', deaths = 0, active_ms = active_ms + max(0, ?5 - seen), seen = ?5 where id = ?1 and ${isKept}`,
      [...batch, now],
    ],
  ];
}

function writeEnding({ run, epoch, first }: LogBatch, last: number, ending: LoggedEnding, limits: RunLimits): SqlStep {
  const { status, finishedAt, ...rest } = ending;
  const { logTtlMs, recordTtlMs } = limits;
  return [
    `update runs set status = ?, active_ms = active_ms + iif(status = 'running', max(0, ? - seen), 0), seen = ?, finished = ?, length = ?, log_expires = ?, expires = ?, ending = ?
     where id = ? and epoch = ? and finished is null
       and exists (select 1 from run_log where run = runs.id and first = ? and last = ?)`,
    [
      status,
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
