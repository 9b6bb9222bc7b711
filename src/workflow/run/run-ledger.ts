import type { CallMeter, ModelName, RunMeter } from '../../metrics/index.js';
import type { ModelIdentity } from '../../models/index.js';
import { addUsage, type FinishReason, type Usage, worseFinishReason } from '../../protocol/index.js';
import type { CallAccount, CallLedger } from '../task-context.js';

/** Accounts for the model calls of one node: the last usage of each call counts, also when the call failed or was aborted. */
export class NodeLedger implements CallLedger {
  readonly #calls: CallMeter[] = [];
  readonly #meter: RunMeter;
  readonly #onIdentity: (identity: ModelIdentity) => void;
  #finishReason: FinishReason | undefined;

  constructor(meter: RunMeter, onIdentity: (identity: ModelIdentity) => void) {
    this.#meter = meter;
    this.#onIdentity = onIdentity;
  }

  /** The worst of its calls'; undefined if none finished. */
  get finishReason(): FinishReason | undefined {
    return this.#finishReason;
  }

  openCall(model: ModelName): CallAccount {
    const call = this.#meter.call(model);
    this.#calls.push(call);
    return call;
  }

  askedAgain(model: ModelName): void {
    this.#meter.askedAgain(model);
  }

  gaveUp(model: ModelName): void {
    this.#meter.gaveUp(model);
  }

  identity(identity: ModelIdentity): void {
    this.#onIdentity(identity);
  }

  finished(reason: FinishReason): void {
    this.#finishReason = worseFinishReason(this.#finishReason, reason);
  }

  /** Sum over the calls whose upstreams told; undefined if none did. */
  usage(): Usage | undefined {
    return sumUsage(this.#calls.map((call) => call.counted));
  }
}

/** The sum of what is known; undefined if nothing is. */
export function sumUsage(usages: readonly (Usage | undefined)[]): Usage | undefined {
  return usages.reduce<Usage | undefined>(
    (sum, usage) => (usage === undefined ? sum : addUsage(sum, usage)),
    undefined,
  );
}
