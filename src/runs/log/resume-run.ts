import {
  listFingerprints,
  type ResumedRun,
  RunHistory,
  type StepCheckpoint,
  type WaitAnswer,
} from '../../engine/index.js';
import { sha256 } from '../../kernel/index.js';
import { type CompiledWorkflow, makeGraphJson } from '../../workflow/index.js';
import type { WaitOutcome } from '../store/kept-wait.js';
import type { ClaimedRun, RunLogStore } from '../store/run-log-store.js';
import type { LoggedEvent } from './logged-event.js';

/** What an earlier process has left of a run. */
export interface RunPast {
  readonly resumed: ResumedRun;
  /** When its last event happened, in milliseconds since the Unix epoch. */
  readonly lastAt: number;
  /** Id of its trace; undefined if it was not traced. */
  readonly traceId: string | undefined;
  /** Hash of the workflow that executed last; undefined: written by an earlier release. */
  readonly graph: string | undefined;
  /** Number of the last event that says that the run waits; -1 if there is none. */
  readonly waitedAt: number;
}

/**
 * Reads what an earlier attempt has left of a run.
 * @param onEvent called with each event of its log
 * @returns undefined if there is nothing: the run begins
 */
export async function readPast(
  { run: { id, attempts }, steps, waits }: ClaimedRun,
  workflow: CompiledWorkflow,
  store: Pick<RunLogStore, 'read'>,
  onEvent: (event: LoggedEvent) => void,
): Promise<RunPast | undefined> {
  const history = new RunHistory(workflow);
  let number = 0;
  let lastAt = 0;
  let traceId: string | undefined;
  let graph: string | undefined;
  let waitedAt = -1;
  for (;;) {
    const page = await store.read(id, number);
    if (page === undefined || page.events.length === 0) break;
    for (const event of page.events) {
      if (event.type === 'run-waiting') waitedAt = number;
      history.take(event, number++);
      onEvent(event);
      lastAt = event.at;
      if (event.type === 'run-started') ({ traceId } = event);
      graph = event.graph ?? graph;
    }
  }
  if (number === 0) return undefined;
  const checkpoints = steps.map((json) => JSON.parse(json) as StepCheckpoint);
  const attempt = history.isWaiting ? history.attempts : history.attempts + 1;
  const answers = new Map(
    waits.flatMap(({ node, answer }) => (answer === undefined ? [] : [[node, readAnswer(answer)]])),
  );
  return {
    resumed: { epoch: attempts, attempt, history, steps: checkpoints, answers },
    lastAt,
    traceId,
    graph,
    waitedAt,
  };
}

function readAnswer({ value, isExpired }: WaitOutcome): WaitAnswer {
  return isExpired === true ? { isExpired } : { value: value ?? null };
}

const hashes = new WeakMap<CompiledWorkflow, string>();

/** Distinguishes workflows by their graphs, outputs and versions, including those of nested workflows. */
export function hashWorkflow(workflow: CompiledWorkflow): string {
  let hash = hashes.get(workflow);
  if (hash === undefined) {
    hash = sha256(
      JSON.stringify([
        workflow.version ?? null,
        makeGraphJson(workflow),
        listFingerprints(workflow),
        workflow.waits.map(({ node, answer }) => [node, answer.schema]),
      ]),
    );
    hashes.set(workflow, hash);
  }
  return hash;
}
