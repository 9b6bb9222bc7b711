import type { JsonObject } from '../../kernel/index.js';
import type { LoggedEnding, LoggedRun, LoggedStatus, RunSegment, WaitingRuns } from './run-log-store.js';

/** A value of a column: large numbers may come as text, and truth as a number. */
type RunValue = string | number | boolean | null;

/** A row of the table `runs`, which is the same in all databases. */
export type RunRow = Readonly<Record<string, RunValue>>;

/** @param now milliseconds since the Unix epoch */
export function readRun(row: RunRow, now: number): LoggedRun {
  const status = row['status'] as LoggedStatus;
  return {
    id: String(row['id']),
    owner: String(row['owner']),
    door: String(row['door']),
    workflow: String(row['workflow']),
    workflowVersion: readText(row['version']),
    model: String(row['model']),
    createdAt: Number(row['created']),
    runAt: Number(row['run_at']),
    priority: Number(row['priority']),
    metadata: JSON.parse(String(row['metadata'])) as JsonObject,
    admission: JSON.parse(String(row['admission'])) as JsonObject,
    head: String(row['head']),
    status,
    epoch: Number(row['epoch']),
    wake: Number(row['wakes']),
    startedAt: readNumber(row['started']),
    activeMs: Number(row['active_ms']),
    aliveAt: readNumber(row['seen']),
    deaths: Number(row['deaths']),
    isCancelled: isTrue(row['is_cancelled']),
    ending: readEnding(status, row),
    length: Number(row['length']),
    hasLog: isTrue(row['has_log']) && (row['finished'] === null || Number(row['log_expires']) > now),
    segments: JSON.parse(String(row['segments'])) as readonly RunSegment[],
  };
}

/** @param row of a count */
export function readWaiting(row: RunRow | undefined): WaitingRuns {
  return {
    due: Number(row?.['due'] ?? 0),
    dueSince: readNumber(row?.['since']),
  };
}

function readEnding(status: LoggedStatus, { finished = null, ending = null }: RunRow): LoggedEnding | undefined {
  if (finished === null || status === 'queued' || status === 'running') return undefined;
  const rest = JSON.parse(String(ending)) as Omit<LoggedEnding, 'status' | 'finishedAt'>;
  return { ...rest, status, finishedAt: Number(finished) };
}

function readNumber(value: RunValue | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}

function readText(value: RunValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isTrue(value: RunValue | undefined): boolean {
  return value === true || value === 1;
}
