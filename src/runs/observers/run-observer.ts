import type { DeltaEvent, ObserverContent, ObserverEvent, RunEvent } from '../../engine/index.js';
import type { TraceHandle } from '../../tracing/index.js';
import type { RunRequest, CompiledWorkflow } from '../../workflow/index.js';
import type { RunOptions } from '../run-options.js';

/** A run that begins, as observers see it. */
export interface ObservedRun {
  readonly workflow: CompiledWorkflow;
  readonly request: RunRequest;
  readonly options: RunOptions;
  /** Absent if the run is not traced. */
  readonly trace?: TraceHandle;
}

/** The events that observers get: all but deltas, which would cost too much to pass on to each observer. */
export type ObservedEvent = Exclude<RunEvent, DeltaEvent> | ObserverEvent;

/** Observes one run. What it throws is logged and has no other effect. */
export interface RunObserver {
  /** True if it needs the inputs and outputs of steps, models and tools. */
  readonly wantsContent?: boolean;
  /**
   * Takes an event.
   * @param content values from authors' code that belong to it; must not be retained
   */
  next(event: ObservedEvent, content?: ObserverContent): void;
}

/** Makes an observer for each run. */
export interface RunObserverFactory {
  /** @returns undefined if there is nothing to observe in this run */
  observe(run: ObservedRun): RunObserver | undefined;
}
