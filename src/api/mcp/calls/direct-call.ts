import type { RunError } from '../../../errors/index.js';
import type { Clock } from '../../../kernel/index.js';
import { mergeDeltaEvents, type RunOptions, type RunService } from '../../../runs/index.js';
import { coalesce, Gate } from '../../../streaming/index.js';
import type { RunRequest } from '../../../workflow/index.js';
import { finishCall } from './finish-call.js';
import type { ToolAnswer, ToolCall } from './tool-call.js';
import { ToolProgress } from './tool-progress.js';
import { SaidToTool } from './tool-result.js';

/** Least time between two pieces of text in the news of a call, in milliseconds: people read them, and no model does. */
export const PROGRESS_MS = 100;

/** What a call that ends with its connection is run with. */
export interface DirectCallOptions extends Omit<RunOptions, 'signal' | 'gate'> {
  /** Closed while the client is behind. */
  readonly gate?: Gate;
  /** Told once, at the beginning, if the run is traced. */
  readonly onTraceId?: (id: string) => void;
}

/** Runs a workflow for a call, and gives its result. Never rejects because of the run. */
export async function callDirectly(
  call: ToolCall,
  request: RunRequest,
  { runs, clock }: { readonly runs: RunService; readonly clock: Clock },
  { onTraceId, gate = new Gate(), ...options }: DirectCallOptions,
): Promise<ToolAnswer> {
  const { workflow } = call.tool;
  const said = new SaidToTool();
  const progress = new ToolProgress(call, () => !gate.isOpen);
  let failure: RunError | undefined;
  const events = runs.start(workflow, request, { ...options, gate, signal: call.signal });
  await events.read(
    {
      wantsContent: true,
      next: (event) => {
        if (event.type === 'run-started' && event.traceId !== undefined) onTraceId?.(event.traceId);
        progress.next(event);
        said.next(event);
      },
      failed: ({ error }) => {
        failure = error;
      },
    },
    coalesce({
      clock,
      chooseWindow: (event) => (event.type === 'delta' ? PROGRESS_MS : undefined),
      merge: mergeDeltaEvents,
    }),
  );
  return finishCall(call.tool, said, options.id, failure);
}
