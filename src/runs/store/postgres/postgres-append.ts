import type { LogBatch, RunLimits } from '../run-log-store.js';
import type { PostgresValue } from './postgres-session.js';

/** What these functions do stands where they are made. */
const APPEND = 'select * from millrace.append_1($1, $2, $3, $4, $5)';
const APPEND_ALL = 'select * from millrace.append_all_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)';

/** One statement for what any number of runs have to say. */
export function writeAppend(
  batches: readonly LogBatch[],
  { logTtlMs, recordTtlMs }: RunLimits,
): readonly [sql: string, values: readonly PostgresValue[]] {
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
