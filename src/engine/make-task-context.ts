import { type RunRequest, type StepEvents, type StepLogger, TaskContext } from '../workflow/index.js';
import type { Outputs } from './outputs.js';
import type { SharedRun } from './shared-run.js';
import type { StepReport } from './step-report.js';

/** What the context of a node needs beside its run and execution. */
interface NodeParts {
  /** Shared by all nodes of the execution. */
  readonly metadata: Map<string, unknown>;
  readonly events: StepEvents;
  readonly log: StepLogger;
  readonly report: StepReport;
  /** Called when the node stops its workflow. */
  readonly onStop: () => void;
}

/** Makes the context that a node works in. */
export function makeTaskContext(
  { attempt, cancellation, clock, canWait, estimatesTokens }: SharedRun,
  { request, outputs }: { readonly request: RunRequest; readonly outputs: Outputs },
  { metadata, events, log, report, onStop }: NodeParts,
): TaskContext {
  return TaskContext.makeWithin(cancellation, {
    request,
    clock,
    events,
    estimatesTokens,
    log,
    canWait,
    output: (type, key) => outputs.findByNode(type, key),
    metadata,
    attempt,
    onStop,
    onProgress: (message, data) => report.tellProgress(message, data),
  });
}
