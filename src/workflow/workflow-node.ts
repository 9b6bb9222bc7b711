import type { Deltas } from './node-signature.js';
import type { ParameterGroup } from './parameter-groups.js';
import type { TaskContext } from './task-context.js';

/**
 * What the engine needs of a node, and all that a node's class may have. No class has to name this interface: one with
 * `process` will do.
 *
 * Input and output are read off the signature of `process`, so a node cannot be wired to what it does not take.
 */
export interface WorkflowNode<Input = never, Output = unknown> {
  /** Whether what it yields is for the client. Absent: true if `process` is an async generator function. */
  readonly streams?: boolean;
  /** This node's own window for joining text, in milliseconds; absent: STREAM_DEBOUNCE_MS. */
  readonly debounceMs?: number;
  /** Which groups of the client's parameters it hands on to a model; absent: none. Asked for after `prepare`. */
  readonly forwards?: readonly ParameterGroup[];
  /** The models that it asks, as `provider/model`: the first, then its fallbacks. Absent: none. Asked for after `prepare`. */
  readonly asks?: readonly string[];
  /** Called once at start-up. What it throws is reported as a fault of the workflow's definition. */
  prepare?(): void;
  /**
   * Called exactly once for each time the node ran, when the run has ended, however it ended; the node that ran last is
   * the first.
   */
  cleanup?(context: TaskContext): void | Promise<void>;
  process(input: Input, context: TaskContext): AsyncGenerator<Deltas, Output, void> | Promise<Output> | Output;
}

/** Whether a node writes for the client while it works. */
export function isStreaming({ streams, process }: Pick<WorkflowNode, 'streams' | 'process'>): boolean {
  return streams ?? Object.prototype.toString.call(process) === '[object AsyncGeneratorFunction]';
}

/** Whether it is written as a generator that nobody can await. */
export function isSyncGenerator({ process }: Pick<WorkflowNode, 'process'>): boolean {
  return Object.prototype.toString.call(process) === '[object GeneratorFunction]';
}
