import type { Cancellation, Clock, Semaphore } from '../kernel/index.js';
import type { Gate } from '../streaming/index.js';
import type { NodeStep, RunLogger, TaskContext } from '../workflow/index.js';
import type { Checkpoints } from './checkpoints.js';
import type { ObserverContent, ObserverEvent, OpenWait, UnnumberedEvent } from './run-event.js';
import type { StepUsage } from './step-usage.js';

/** What all executions of a run share. */
export interface SharedRun {
  /** Aborts when the run is ended from outside, or with the first failure of a step. */
  readonly cancellation: Cancellation;
  readonly gate: Gate;
  readonly places: Semaphore;
  readonly clock: Clock;
  readonly log: RunLogger;
  /** How often the run has been started, this attempt included. */
  readonly attempt: number;
  /** Whether tokens that upstreams do not report are estimated. */
  readonly estimatesTokens: boolean;
  /** The checkpoints of its steps; undefined: none are stored. */
  readonly checkpoints: Checkpoints | undefined;
  /** Whether the run's reader can wait this many milliseconds before a failed model call is made again. */
  readonly canWait: (ms: number) => boolean;
  /** See `RunOptions.answer`. */
  readonly answer: ((wait: OpenWait) => unknown) | undefined;
  /** Makes the id of a function call. */
  readonly makeCallId: () => string;
  /** Whether a reader wants values from authors' code in the events. */
  readonly readersWantContent: () => boolean;
  readonly emit: (event: UnnumberedEvent) => void;
  /** Takes the events that only observers get. */
  readonly observe: (event: ObserverEvent, content?: ObserverContent) => void;
  /** Takes each node before it starts: it is cleaned up at the run's end. */
  readonly addStarted: (step: NodeStep, context: TaskContext) => void;
  /** Set when the output of a visible node broke off: from then on no step of any workflow of the run starts. */
  brokenOff: boolean;
  /** Takes the usage of each node when it starts. */
  readonly addUsage: (usage: StepUsage) => void;
}
