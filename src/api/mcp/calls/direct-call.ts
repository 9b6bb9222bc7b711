import type { Clock } from '../../../kernel/index.js';
import type { RunOptions, RunService } from '../../../runs/index.js';
import { Gate } from '../../../streaming/index.js';
import type { RunRequest } from '../../../workflow/index.js';
import { finishCall } from './finish-call.js';
import { readRunToEnd } from './read-run.js';
import type { ToolOutcome, McpToolCall } from './tool-call.js';
import { ToolProgress } from './tool-progress.js';
import { ToolOutput } from '../mcp.collector.js';

/** Options of a call that ends with its connection. */
interface DirectCallOptions extends Omit<RunOptions, 'signal' | 'gate'> {
  /** Closed while the client is behind. */
  readonly gate?: Gate;
  /** Called once, at the beginning, if the run is traced. */
  readonly onTraceId?: (id: string) => void;
}

/** Runs a workflow for a call, and returns its result. Never rejects because of the run. */
export async function callDirectly(
  call: McpToolCall,
  request: RunRequest,
  { runs, clock }: { readonly runs: RunService; readonly clock: Clock },
  { onTraceId, gate = new Gate(), ...options }: DirectCallOptions,
): Promise<ToolOutcome> {
  const { workflow } = call.tool;
  const said = new ToolOutput();
  const progress = new ToolProgress(call, () => !gate.isOpen);
  const events = runs.start(workflow, request, { ...options, gate, signal: call.signal });
  const failure = await readRunToEnd(events, { said, progress, clock, onTraceId });
  return finishCall(call.tool, said, options.id, failure);
}
