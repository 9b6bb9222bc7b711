import type { ModelIdentity } from '../../models/index.js';
import { addUsage, type FinishReason, type Usage, worseFinishReason } from '../../protocol/index.js';
import type { CallLedger } from '../task-context.js';

/** Accounts for the model calls of one node: the last usage of each call counts, also when the call failed or was aborted. */
export class NodeLedger implements CallLedger {
  readonly #calls: (Usage | undefined)[] = [];
  readonly #onIdentity: (identity: ModelIdentity) => void;
  #finishReason: FinishReason | undefined;

  constructor(onIdentity: (identity: ModelIdentity) => void) {
    this.#onIdentity = onIdentity;
  }

  /** The worst of its calls'; undefined if none finished. */
  get finishReason(): FinishReason | undefined {
    return this.#finishReason;
  }

  openCall(): (usage: Usage) => void {
    const call = this.#calls.push(undefined) - 1;
    return (usage) => {
      this.#calls[call] = usage;
    };
  }

  identity(identity: ModelIdentity): void {
    this.#onIdentity(identity);
  }

  finished(reason: FinishReason): void {
    this.#finishReason = worseFinishReason(this.#finishReason, reason);
  }

  /** Sum over the calls whose upstreams told; undefined if none did. */
  usage(): Usage | undefined {
    return sumUsage(this.#calls);
  }
}

/** The sum of what is known; undefined if nothing is. */
export function sumUsage(usages: readonly (Usage | undefined)[]): Usage | undefined {
  return usages.reduce<Usage | undefined>(
    (sum, usage) => (usage === undefined ? sum : addUsage(sum, usage)),
    undefined,
  );
}
