import type { LogBatch, LoggedEnding, RunLimits } from '../run-log-store.js';
import type { SqlStep } from './sqlite-thread.js';

/** Number of the next event of the run `runs.id`. */
export const NEXT_NUMBER = `coalesce((select last + 1 from run_log where run = runs.id order by first desc limit 1), 0)`;

/** What a run needs to go on; nobody needs it once the run is over. */
const forgetSteps = (run: string): SqlStep => [
  'delete from run_steps where run = ?1 and exists (select 1 from runs where id = ?1 and finished is not null)',
  [run],
];

/** The steps that append a batch; the last of them gives a row if it is in the log. */
export function writeAppend(batch: LogBatch, limits: RunLimits): readonly SqlStep[] {
  const { run, epoch, first, events, steps = [], ending } = batch;
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
      `insert into run_steps select id, ?1, ?2, ?3 from runs where id = ?4 and epoch = ?2
         and exists (select 1 from run_log where run = ?4 and first = ?5 and last = ?6) on conflict do nothing`,
      [node, epoch, json, run, first, last],
    ]),
    ...(steps.length > 0 ? [writeProgress(run, epoch, first, last)] : []),
    ...(ending === undefined ? [] : [writeEnding(batch, last, ending, limits), forgetSteps(run)]),
    check,
  ];
}

/** Whoever finishes a step is no poison. */
function writeProgress(run: string, epoch: number, first: number, last: number): SqlStep {
  return [
    `update runs set deaths = 0 where id = ?1 and epoch = ?2 and deaths > 0
       and exists (select 1 from run_log where run = ?1 and first = ?3 and last = ?4)`,
    [run, epoch, first, last],
  ];
}

function writeEnding({ run, epoch, first }: LogBatch, last: number, ending: LoggedEnding, limits: RunLimits): SqlStep {
  const { status, finishedAt, ...rest } = ending;
  const { logTtlMs, recordTtlMs } = limits;
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
