import type { JsonObject, JsonValue } from '../../kernel/index.js';
import type { KeptWait, UnansweredWaits, WaitOutcome } from './kept-wait.js';
import type { LoggedEnding, LoggedRun, LoggedStatus, RunSegment } from './logged-run.js';
import { unpackText } from './packed-text.js';
import { readNumber, readText } from './read-column.js';
import type { WaitingRuns } from './run-log-store.js';

/** A value of a column: large numbers may come as text, and booleans as numbers. */
type RunValue = string | number | boolean | null;

/** A row of the table `runs`, which is the same in all databases. */
type RunRow = Readonly<Record<string, RunValue>>;

/** A segment as databases return it. */
interface SegmentRow {
  readonly id: string;
  readonly from: number;
  readonly head: string | null;
}

/** A wait as databases return it. Open without `answered`; expired with `answered` and without a value. */
interface WaitRow {
  readonly name: string;
  readonly node: string;
  readonly callId: string;
  readonly shown: string;
  readonly schema: string;
  readonly asked: number;
  readonly expires: number | null;
  readonly answered: number | null;
  readonly value: string | null;
  readonly segment: string | null;
  readonly turn: number;
}

/** @param now milliseconds since the Unix epoch */
export function readRunRow(row: RunRow, now: number): LoggedRun {
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
    attempts: Number(row['attempts']),
    wake: Number(row['wakes']),
    startedAt: readNumber(row['started']),
    activeMs: Number(row['active_ms']),
    aliveAt: readNumber(row['seen']),
    deaths: Number(row['deaths']),
    isCancelled: isTrue(row['is_cancelled']),
    ending: readStoredEnding(status, row),
    length: Number(row['length']),
    hasLog: isTrue(row['has_log']) && (row['finished'] === null || Number(row['log_expires']) > now),
    segments: (JSON.parse(String(row['segments'])) as readonly SegmentRow[]).map(readSegment),
  };
}

function readSegment({ id, from, head }: SegmentRow): RunSegment {
  return { id, from, head: head ?? undefined };
}

/** @param row that has all waits of a run in its column `waits` */
export function readWaits(row: RunRow | undefined): readonly KeptWait[] {
  return (JSON.parse(String(row?.['waits'] ?? '[]')) as readonly WaitRow[]).map((wait) => ({
    name: wait.name,
    node: wait.node,
    callId: wait.callId,
    shown: JSON.parse(unpackText(wait.shown)) as JsonValue,
    schema: JSON.parse(unpackText(wait.schema)) as JsonValue,
    askedAt: wait.asked,
    expiresAt: wait.expires,
    answer: readWaitOutcome(wait),
  }));
}

function readWaitOutcome({ answered: at, value, segment, turn: order }: WaitRow): WaitOutcome | undefined {
  if (at === null) return undefined;
  if (value === null) return { at, isExpired: true, order };
  return { at, value: JSON.parse(value) as JsonValue, ...(segment !== null && { segment }), order };
}

/** @param row of a count */
export function readUnanswered(row: RunRow | undefined): UnansweredWaits {
  return { open: Number(row?.['open'] ?? 0), oldestAt: readNumber(row?.['oldest']) };
}

/** @param row of a count */
export function readWaiting(row: RunRow | undefined): WaitingRuns {
  return {
    due: Number(row?.['due'] ?? 0),
    dueSince: readNumber(row?.['since']),
  };
}

function readStoredEnding(status: LoggedStatus, { finished = null, ending = null }: RunRow): LoggedEnding | undefined {
  if (finished === null || status === 'queued' || status === 'running' || status === 'waiting') return undefined;
  const rest = JSON.parse(String(ending)) as Omit<LoggedEnding, 'status' | 'finishedAt'>;
  return { ...rest, status, finishedAt: Number(finished) };
}

function isTrue(value: RunValue | undefined): boolean {
  return value === true || value === 1;
}
