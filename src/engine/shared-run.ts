import type { Cancellation, Clock, Semaphore } from '../kernel/index.js';
import type { Gate } from '../streaming/index.js';
import type { NodeStep, RunLog, TaskContext } from '../workflow/index.js';
import type { ObserverContent, ObserverEvent, UnnumberedEvent } from './run-event.js';
import type { StepUsage } from './step-usage.js';

/** What all executions of one run share. */
export interface SharedRun {
  /** Aborts when the run is ended from outside, or one of its steps fails: with that failure. */
  readonly cancellation: Cancellation;
  readonly gate: Gate;
  readonly places: Semaphore;
  readonly clock: Clock;
  readonly log: RunLog;
  /** Whether tokens that upstreams do not tell are estimated. */
  readonly estimatesTokens: boolean;
  /** Whether the run's reader can be kept waiting for so many milliseconds before a failed model call is made again. */
  readonly canWait: (ms: number) => boolean;
  /** Whether somebody wants what authors' code gives in the events. */
  readonly wantsContent: () => boolean;
  readonly emit: (event: UnnumberedEvent) => void;
  /** Tells observers what the run's reader is not told. */
  readonly observe: (event: ObserverEvent, content?: ObserverContent) => void;
  /** Told of each node before it starts: it is cleaned up at the run's end. */
  readonly started: (step: NodeStep, context: TaskContext) => void;
  /** Set when an answer broke off in the middle of a visible node: no step of any workflow of the run starts any more. */
  brokenOff: boolean;
  /** Told of what each node uses when it starts. */
  readonly account: (usage: StepUsage) => void;
}
