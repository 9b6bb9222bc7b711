import type { RunError } from '../../../errors/index.js';
import type { Clock } from '../../../kernel/index.js';
import { mergeDeltaEvents, type RunEvents } from '../../../runs/index.js';
import { coalesce } from '../../../streaming/index.js';
import type { ToolProgress } from './tool-progress.js';
import type { ToolOutput } from '../mcp.collector.js';
import { passTraceId } from '../../wire/index.js';

/** Least time between two pieces of text in the progress of a call, in milliseconds: only people read them. */
const PROGRESS_MS = 100;

/** The recipients of the events of a run. */
interface RunListeners {
  readonly said: ToolOutput;
  readonly progress: ToolProgress;
  readonly clock: Clock;
  /** Called once, at the beginning, if the run is traced. */
  readonly onTraceId?: ((id: string) => void) | undefined;
}

/**
 * Reads a run of this process to its end, or until it waits.
 * @returns the error of the run or of reading it; undefined if neither failed
 */
export async function readRunToEnd(
  events: RunEvents,
  { said, progress, clock, onTraceId }: RunListeners,
): Promise<RunError | undefined> {
  let failure: RunError | undefined;
  await events.read(
    {
      wantsContent: true,
      next: (event) => {
        if (onTraceId !== undefined) passTraceId(event, onTraceId);
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
  return failure;
}
