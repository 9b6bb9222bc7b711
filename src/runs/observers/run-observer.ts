import type { DeltaEvent, ObserverContent, ObserverEvent, RunEvent } from '../../engine/index.js';
import type { TraceHandle } from '../../tracing/index.js';
import type { RunRequest, CompiledWorkflow } from '../../workflow/index.js';
import type { RunOptions } from '../run-options.js';

/** A run that begins, for those that observe runs. */
export interface ObservedRun {
  readonly workflow: CompiledWorkflow;
  readonly request: RunRequest;
  readonly options: RunOptions;
  /** Absent: nobody keeps one. */
  readonly trace?: TraceHandle;
}

/** What observers are told of. Deltas are for the run's reader: to pass each one on to all observers would cost too much. */
export type ObservedEvent = Exclude<RunEvent, DeltaEvent> | ObserverEvent;

/** Reads the events of one run beside its reader. What it throws is logged, and touches nothing else. */
export interface RunObserver {
  /** @param content what authors' code has given with it: not to be kept */
  next(event: ObservedEvent, content?: ObserverContent): void;
}

/** Makes an observer for each run. */
export interface RunObserverFactory {
  /** @returns undefined if there is nothing to observe in this run */
  observe(run: ObservedRun): RunObserver | undefined;
}
