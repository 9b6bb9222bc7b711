import { assertNever } from '../kernel/index.js';
import { addUsage, type FinishReason, type Usage, pickWorseFinishReason } from '../models/index.js';
import type { AgentEvent } from '../workflow/index.js';
import type { StepCheckpoint } from './step-checkpoint.js';

/** Sums up the model calls of one step, including those that failed or were aborted. */
export class StepUsage {
  #usage: Usage | undefined;
  #unreportedTokens = 0;
  #finishReason: FinishReason | undefined;
  /** True if it is stored with the step or was reported before, so that it is not lost when the run fails. */
  isKept: boolean;

  /** @param kept the usage of a step that finished before the run was resumed, or the usage lost then */
  constructor(kept?: Pick<StepCheckpoint, 'usage' | 'unreportedTokens'>) {
    this.#usage = kept?.usage;
    this.#unreportedTokens = kept?.unreportedTokens ?? 0;
    this.isKept = kept !== undefined;
  }

  /** The sum over the calls whose upstreams reported usage; undefined if none did. */
  get usage(): Usage | undefined {
    return this.#usage;
  }

  /** Estimate of the tokens that no upstream reported; 0 if no estimate was requested. */
  get unreportedTokens(): number {
    return this.#unreportedTokens;
  }

  /** The worst finish reason of its agents; undefined if none finished. */
  get finishReason(): FinishReason | undefined {
    return this.#finishReason;
  }

  take(event: AgentEvent): void {
    switch (event.type) {
      case 'model-call-finished':
        this.#usage = sumUsage([this.#usage, event.usage]);
        this.#unreportedTokens += event.unreportedTokens ?? 0;
        break;
      case 'agent-finished':
        this.#finishReason = pickWorseFinishReason(this.#finishReason, event.finishReason);
        break;
      // None of these has usage.
      case 'model-identified':
      case 'model-call-started':
      case 'model-call-first-token':
      case 'model-call-retried':
      case 'agent-retried':
      case 'model-fallback':
      case 'repair':
      case 'tool-started':
      case 'tool-finished':
      case 'tools-not-run':
      case 'span-started':
      case 'span-event':
      case 'span-ended':
        break;
      default:
        assertNever(event);
    }
  }
}

/** The sum of the given usages; undefined if none is known. */
export function sumUsage(usages: readonly (Usage | undefined)[]): Usage | undefined {
  return usages.reduce<Usage | undefined>(
    (sum, usage) => (usage === undefined ? sum : addUsage(sum, usage)),
    undefined,
  );
}
