import type { JsonValue } from '../kernel/index.js';
import type { FinishReason, Usage } from '../models/index.js';
import type { Delta } from '../streaming/index.js';

/** The output of a step, in a form from which it can be restored. Neither: it has none. */
export interface KeptOutput {
  /** The output itself, which is plain data. */
  readonly value?: JsonValue;
  /** JSON from which the class or schema of the step makes the output. */
  readonly json?: string;
}

/**
 * A finished step, as plain JSON: with it the step need not run again when the run is resumed. A failed step with a
 * substitute output has finished, too.
 */
export interface StepCheckpoint {
  /** Key of the step, preceded by those of the enclosing steps. */
  readonly node: string;
  /** Its position among the checkpoints of the run, counted from 0. */
  readonly index: number;
  /** Identifies the step's kind and output. A changed step runs again. */
  readonly fingerprint: string;
  readonly output: KeptOutput;
  /** Tokens of its model calls; absent if no upstream reported any. */
  readonly usage?: Usage;
  /** Estimate of the tokens that no upstream reported. */
  readonly unreportedTokens?: number;
  /** The worst finish reason of its agents. */
  readonly finishReason?: FinishReason;
  /** `context.metadata` of its workflow, all of it; absent if it is as it was in the checkpoint before, or empty. */
  readonly metadata?: Readonly<Record<string, JsonValue>>;
  /** True if it has stopped its workflow. */
  readonly stopped?: true;
  /** True if its output broke off before it was whole, so that no other step of the run may start. */
  readonly brokenOff?: true;
  /** Its output from before its turn, in order: readers have not received it yet. */
  readonly unsaid?: readonly Delta[];
}
