import type { FinishReason, Usage } from '../../models/index.js';
import type { KeptWait, LoggedRun, LoggedStatus, RunSegment } from '../../runs/index.js';
import type { JsonObject, JsonValue } from '../../kernel/index.js';
import { makeRunErrorObject, type RunErrorObject } from './run-error.js';
import type { StepObject } from './run-summary.js';
import { describeWait, type WaitObject } from './wait-object.js';

/** What a client sees of a run under an id of its own. */
interface SegmentObject {
  readonly completion_id: string | null;
  readonly response_id: string | null;
  readonly from: number;
}

/** A run, as clients see it. Times are whole seconds since the Unix epoch. */
export interface RunObject {
  readonly id: string;
  readonly object: 'run';
  readonly created_at: number;
  readonly run_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly deadline: number | null;
  readonly status: LoggedStatus;
  readonly model: string;
  readonly workflow_version: string | null;
  readonly attempts: number;
  readonly priority: number;
  readonly metadata: JsonObject;
  readonly usage: Usage | null;
  readonly usage_incomplete?: true;
  readonly finish_reason: FinishReason | null;
  readonly error: RunErrorObject | null;
  readonly output: string | null;
  readonly waits: readonly WaitObject[];
  readonly segments: readonly SegmentObject[];
  readonly result?: JsonValue;
  readonly steps?: readonly StepObject[];
}

/** The facts about a run that are not in its record. */
interface RunDetails {
  /** Its whole output; undefined if unknown, or if it has not completed. */
  readonly output?: string | undefined;
  readonly steps?: readonly StepObject[] | undefined;
  /** Its open waits; absent: none. */
  readonly waits?: readonly KeptWait[];
  /** Name of the door of a segment, by the segment's id. */
  readonly findDoor: (segment: string) => string | undefined;
}

/** @param timeoutMs time limit of a run, in milliseconds */
export function makeRunObject(
  run: LoggedRun,
  { output, steps, waits = [], findDoor }: RunDetails,
  timeoutMs: number,
): RunObject {
  const { ending, startedAt, aliveAt, activeMs } = run;
  const isTimed = aliveAt !== undefined && run.status !== 'waiting';
  const hasFailed = ending?.status === 'failed';
  return {
    id: run.id,
    object: 'run',
    created_at: toSeconds(run.createdAt),
    run_at: toSeconds(run.runAt),
    started_at: startedAt === undefined ? null : toSeconds(startedAt),
    finished_at: ending === undefined ? null : toSeconds(ending.finishedAt),
    deadline: isTimed ? toSeconds(aliveAt + timeoutMs - activeMs) : null,
    status: run.status,
    model: run.model,
    workflow_version: run.workflowVersion ?? null,
    attempts: run.attempts,
    priority: run.priority,
    metadata: run.metadata,
    usage: ending?.usage ?? null,
    ...(ending?.isUsageIncomplete === true && { usage_incomplete: true }),
    finish_reason: ending?.finishReason ?? null,
    error: hasFailed && ending.error !== undefined ? makeRunErrorObject(ending.error, ending.node) : null,
    output: ending?.status === 'completed' ? (output ?? null) : null,
    waits: waits.map(describeWait),
    segments: listSegments(run, findDoor),
    ...(ending?.result !== undefined && { result: ending.result }),
    ...(steps !== undefined && { steps }),
  };
}

function listSegments({ segments }: LoggedRun, findDoor: RunDetails['findDoor']): readonly SegmentObject[] {
  const told = segments.map(({ id, from }: RunSegment) => {
    const door = findDoor(id);
    return {
      completion_id: door === 'completions' ? id : null,
      response_id: door === 'responses' ? id : null,
      from,
    };
  });
  // The part before them was begun by the run's own id.
  return told[0]?.from === 0 ? told : [{ completion_id: null, response_id: null, from: 0 }, ...told];
}

function toSeconds(ms: number): number {
  return Math.floor(ms / 1_000);
}
