import type { OutputType } from '../schema/index.js';
import type { Deltas } from './node-signature.js';
import type { ParameterGroup } from './parameter-groups.js';
import type { TaskContext } from './task-context.js';

/**
 * The interface of a node. A class need not implement it explicitly: one with `process` will do.
 *
 * Input and output types come from the signature of `process`, so a node cannot be wired to a value that it does not take.
 */
export interface WorkflowNode<Input = never, Output = unknown> {
  /** Whether what it yields is for the client. Absent: true if `process` is an async generator function. */
  readonly streams?: boolean;
  /** This node's own debounce time for text, in milliseconds; absent: STREAM_DEBOUNCE_MS. */
  readonly debounceMs?: number;
  /** Groups of the client's parameters that it passes on to a model; absent: it asks no model. Read after `prepare`. */
  readonly forwards?: readonly ParameterGroup[];
  /** The models that it asks, as `provider/model`: the first, then its fallbacks. Absent: none. Read after `prepare`. */
  readonly asks?: readonly string[];
  /**
   * The class or schema of what it returns, if that is more than plain data. Logged runs store outputs as JSON, from
   * which this makes the output again when a run continues after a restart. Absent: plain data.
   */
  readonly returns?: OutputType | undefined;
  /** Called once at start-up. An error that it throws is reported as a fault of the workflow. */
  prepare?(): void;
  /** Called after the run has ended, in any way: once for each time that the node ran, in reverse order. */
  cleanup?(context: TaskContext): void | Promise<void>;
  process(input: Input, context: TaskContext): AsyncGenerator<Deltas, Output, void> | Promise<Output> | Output;
}

/** Whether a node streams to the client while it runs. */
export function isStreaming({ streams, process }: Pick<WorkflowNode, 'streams' | 'process'>): boolean {
  return streams ?? Object.prototype.toString.call(process) === '[object AsyncGeneratorFunction]';
}

/** Whether `process` is a synchronous generator, which cannot be awaited. */
export function isSyncGenerator({ process }: Pick<WorkflowNode, 'process'>): boolean {
  return Object.prototype.toString.call(process) === '[object GeneratorFunction]';
}
