import type { Outcome } from '../errors/index.js';
import type { CallMeter } from '../metrics/index.js';
import type { ModelCall, Usage } from '../models/index.js';
import type { DeltaCollector } from '../streaming/index.js';
import type { CallAccount } from '../workflow/index.js';
import { estimateTokens } from './token-estimate.js';

/** The model came to the end of its answer: what its upstream told is all. */
const WHOLE: ReadonlySet<Outcome> = new Set(['stop', 'length', 'tool_calls', 'content_filter']);
/** The model was at it when the call ended, though nothing was heard of it perhaps. Others were refused, or failed to be sent. */
const AT_WORK: ReadonlySet<Outcome> = new Set([...WHOLE, 'aborted', 'upstream_timeout']);

/** The account of a call that estimates what its upstream did not tell. */
export class EstimatedCall implements CallAccount {
  /** What was asked and answered; let go of at the end. */
  #parts: { readonly call: ModelCall; readonly answer: DeltaCollector } | undefined;
  #hasSpoken = false;
  #untold = 0;

  constructor(
    private readonly meter: CallMeter,
    call: ModelCall,
    answer: DeltaCollector,
  ) {
    this.#parts = { call, answer };
  }

  /** Tokens, by estimate, beyond those that were told. */
  get untold(): number {
    return this.#parts === undefined ? this.#untold : this.#estimate('aborted');
  }

  firstToken(): void {
    this.#hasSpoken = true;
    this.meter.firstToken();
  }

  retrying(): void {
    this.meter.retrying();
  }

  usage(usage: Usage): void {
    this.meter.usage(usage);
  }

  ended(outcome: Outcome): void {
    if (this.#parts !== undefined) {
      this.#untold = this.#estimate(outcome);
      this.#parts = undefined;
    }
    this.meter.ended(outcome);
  }

  #estimate(outcome: Outcome): number {
    const { counted } = this.meter;
    if (this.#parts === undefined || (counted !== undefined && WHOLE.has(outcome))) return 0;
    if (!this.#hasSpoken && !AT_WORK.has(outcome)) return 0;
    const { prompt, completion } = estimateTokens(this.#parts.call, this.#parts.answer);
    // Of an answer that broke off, an upstream may have told the beginning: the prompt, and the first tokens.
    return counted === undefined ? prompt + completion : Math.max(0, completion - counted.completion_tokens);
  }
}
