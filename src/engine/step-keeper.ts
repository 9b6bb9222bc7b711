import { rejectOnAbort } from '../kernel/index.js';
import type { NodeStep } from '../workflow/index.js';
import type { Checkpoints } from './checkpoints.js';
import type { SharedRun } from './shared-run.js';
import type { SpeakingOrder } from './speaking-order.js';
import type { StepCheckpoint } from './step-checkpoint.js';
import { assertMetadataKept, keepOutput } from './step-output.js';
import type { StepUsage } from './step-usage.js';

/** The checkpoint of a step without the facts about its model calls. */
export type KeptByStep = Pick<StepCheckpoint, 'output' | 'metadata'>;

/** How a step ended, for its checkpoint. */
interface KeptEnding {
  readonly usage: StepUsage;
  readonly order: SpeakingOrder | undefined;
  /** True if it stopped its workflow. */
  readonly hasStopped: boolean;
  /** True if its output broke off. */
  readonly isBrokenOff?: boolean;
}

/** Stores the finished steps of one execution of a workflow, so that they never run again. */
export class StepKeeper {
  /** `context.metadata` as it was last stored, as JSON. */
  #keptMetadata = '{}';

  /**
   * @param path keys of the enclosing steps, each followed by a slash
   * @param workflow id of the workflow
   * @param metadata that of the workflow's nodes
   */
  constructor(
    private readonly checkpoints: Checkpoints,
    private readonly run: SharedRun,
    private readonly path: string,
    private readonly workflow: string,
    private readonly metadata: Map<string, unknown>,
  ) {}

  /** Takes over what a finished step had left in `context.metadata` before the run was resumed. */
  restoreMetadata(kept: NonNullable<StepCheckpoint['metadata']>): void {
    this.#keptMetadata = JSON.stringify(kept);
    this.metadata.clear();
    for (const [name, value] of Object.entries(kept)) this.metadata.set(name, value);
  }

  /**
   * @param source the JSON that the output was made from, if that is known
   * @throws the run's abort reason after an abort: a step that finishes then is not stored, since the run has failed
   */
  async prepare(step: NodeStep, output: unknown, source?: string): Promise<KeptByStep> {
    const { cancellation } = this.run;
    const giver = { step, node: this.path + step.key, workflow: this.workflow };
    const kept = await rejectOnAbort(keepOutput(output, giver, source), cancellation);
    cancellation.throwIfAborted();
    const metadata = this.#readNewMetadata(giver.node);
    return { output: kept, ...(metadata !== undefined && { metadata }) };
  }

  /** Stores a finished step, directly before the event of its end. */
  keep(step: NodeStep, kept: KeptByStep, { usage, order, hasStopped, isBrokenOff = false }: KeptEnding): void {
    const { metadata } = kept;
    if (metadata !== undefined) this.#keptMetadata = JSON.stringify(metadata);
    const unsaid = order?.unsaid ?? [];
    const { finishReason, unreportedTokens } = usage;
    usage.isKept = true;
    this.checkpoints.keep(step, {
      node: this.path + step.key,
      ...kept,
      ...(usage.usage !== undefined && { usage: usage.usage }),
      ...(unreportedTokens > 0 && { unreportedTokens }),
      ...(finishReason !== undefined && { finishReason }),
      ...(hasStopped && { stopped: true }),
      ...(isBrokenOff && { brokenOff: true }),
      ...(unsaid.length > 0 && { unsaid }),
    });
  }

  /** @throws StepOutputTooLargeError; Error if JSON cannot hold what it holds */
  #readNewMetadata(node: string): StepCheckpoint['metadata'] {
    if (this.metadata.size === 0 && this.#keptMetadata === '{}') return undefined;
    const metadata = Object.fromEntries(this.metadata);
    assertMetadataKept(metadata, { node, workflow: this.workflow });
    // Checked just before: plain data.
    return JSON.stringify(metadata) === this.#keptMetadata ? undefined : (metadata as StepCheckpoint['metadata']);
  }
}
