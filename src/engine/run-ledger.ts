import { UpstreamError } from '../errors/index.js';
import type { CallMeter, RunMeter } from '../metrics/index.js';
import {
  addUsage,
  type FinishReason,
  type ModelCall,
  type ModelIdentity,
  type ModelName,
  type Usage,
  worseFinishReason,
} from '../models/index.js';
import type { DeltaCollector } from '../streaming/index.js';
import type { CallAccount, CallLedger, CallName } from '../workflow/index.js';
import { EstimatedCall } from './estimated-call.js';

/** Accounts for the model calls of one node: the last usage of each call counts, also when the call failed or was aborted. */
export class NodeLedger implements CallLedger {
  readonly #calls: CallMeter[] = [];
  /** Undefined: nobody wants to know. */
  readonly #estimated: EstimatedCall[] | undefined;
  readonly #meter: RunMeter;
  readonly #onIdentity: (identity: ModelIdentity) => void;
  #finishReason: FinishReason | undefined;
  #lastCall: CallName | undefined;
  /** By what they failed with; made when the first one does. */
  #failedCalls: WeakMap<object, CallName> | undefined;

  /** @param estimates whether what upstreams do not tell is estimated */
  constructor(meter: RunMeter, estimates: boolean, onIdentity: (identity: ModelIdentity) => void) {
    this.#meter = meter;
    this.#estimated = estimates ? [] : undefined;
    this.#onIdentity = onIdentity;
  }

  /** The worst of its calls'; undefined if none finished. */
  get finishReason(): FinishReason | undefined {
    return this.#finishReason;
  }

  openCall(model: ModelName, call: ModelCall, answer: DeltaCollector): CallAccount {
    const meter = this.#meter.call(model);
    this.#calls.push(meter);
    if (this.#estimated === undefined) return meter;
    const estimated = new EstimatedCall(meter, call, answer);
    this.#estimated.push(estimated);
    return estimated;
  }

  /** The last request that went out to a model; undefined: none has. */
  get lastCall(): CallName | undefined {
    return this.#lastCall;
  }

  asks(call: CallName): void {
    this.#lastCall = call;
  }

  failed(thrown: unknown, call: CallName): void {
    if (typeof thrown !== 'object' || thrown === null) return;
    this.#failedCalls ??= new WeakMap();
    this.#failedCalls.set(thrown, call);
  }

  /** What is wrong with an answer may be seen after its call has ended well: then it is the last one's. */
  failedCall(thrown: unknown): CallName | undefined {
    if (typeof thrown !== 'object' || thrown === null) return undefined;
    return this.#failedCalls?.get(thrown) ?? (thrown instanceof UpstreamError ? this.#lastCall : undefined);
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

  /** Tokens that no upstream has told, by estimate; 0 if nobody wants to know. */
  untoldTokens(): number {
    return this.#estimated?.reduce((sum, { untold }) => sum + untold, 0) ?? 0;
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
