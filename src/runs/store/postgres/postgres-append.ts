import type { OpenWait } from '../../../engine/index.js';
import type { JsonObject } from '../../../kernel/index.js';
import type { LogBatch } from '../log-batch.js';
import type { RunLimits } from '../run-log-store.js';
import { packText } from '../packed-text.js';
import type { PostgresValue } from './postgres-session.js';

/** The functions are described where they are created. */
const APPEND = 'select * from millrace.append_1($1, $2, $3, $4, $5)';
const APPEND_ALL =
  'select * from millrace.append_all_2($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)';

/**
 * One statement for the events of any number of runs.
 * @param now milliseconds since the Unix epoch
 */
export async function writeAppend(
  batches: readonly LogBatch[],
  { logTtlMs, recordTtlMs }: RunLimits,
  now: number,
): Promise<readonly [sql: string, values: readonly PostgresValue[]]> {
  const runs: string[] = [];
  const epochs: number[] = [];
  const firsts: number[] = [];
  const lasts: number[] = [];
  const events: string[] = [];
  const steps: readonly [string[], string[], Promise<string>[]] = [[], [], []];
  const endings: readonly [string[], string[], number[], string[]] = [[], [], [], []];
  const waits: Promise<JsonObject>[] = [];
  for (const batch of batches) {
    runs.push(batch.run);
    epochs.push(batch.epoch);
    firsts.push(batch.first);
    lasts.push(batch.first + batch.events.length - 1);
    events.push(`[${batch.events.join(',')}]`);
    // The steps of an ended run are not needed any more.
    for (const { node, json } of (batch.ending === undefined && batch.steps) || []) {
      steps[0].push(batch.run);
      steps[1].push(node);
      steps[2].push(packText(json));
    }
    batch.waits?.forEach((wait, place) => waits.push(makeWaitRow(batch.run, wait, place)));
    if (batch.ending !== undefined) {
      const { status, finishedAt, ...rest } = batch.ending;
      endings[0].push(batch.run);
      endings[1].push(status);
      endings[2].push(finishedAt);
      endings[3].push(JSON.stringify(rest));
    }
  }
  const values = [runs, epochs, firsts, lasts, events];
  if (steps[0].length === 0 && endings[0].length === 0 && waits.length === 0) return [APPEND, values];
  const [stepRuns, stepNodes, stepTexts] = steps;
  const kept = [stepRuns, stepNodes, await Promise.all(stepTexts)];
  const asked = JSON.stringify(await Promise.all(waits));
  return [APPEND_ALL, [...values, ...kept, ...endings, logTtlMs, recordTtlMs, asked, now]];
}

/**
 * A row of `run_waits`, by the names of its columns. `shown` may contain characters that PostgreSQL's JSON cannot hold, so
 * it is sent as text.
 */
async function makeWaitRow(run: string, wait: OpenWait, place: number): Promise<JsonObject> {
  return {
    run,
    node: wait.node,
    name: wait.name,
    call_id: wait.callId,
    place,
    shown: await packText(JSON.stringify(wait.shown)),
    schema: await packText(JSON.stringify(wait.schema)),
    asked: wait.askedAt,
    expires: wait.expiresAt,
  };
}
