import type { Outcome } from '../errors/index.js';
import type { Clock } from '../kernel/index.js';
import type { ModelName, Usage } from '../models/index.js';
import type { Instruments } from './instruments.js';

/** Measures one call of a model. */
export class CallMetrics {
  readonly #startedAt: number;

  constructor(
    private readonly instruments: Instruments,
    private readonly clock: Clock,
    private readonly workflow: string,
    private readonly name: ModelName,
  ) {
    this.#startedAt = clock.monotonic();
    instruments.prepareCalls(workflow, name);
  }

  /** Records that the first token has arrived. */
  recordFirstToken(): void {
    const { provider, model } = this.name;
    this.instruments.callFirstToken.observe({ provider, model }, this.#measureSeconds());
  }

  /**
   * Records the end of the call.
   * @param usage what its upstream reported; undefined: nothing
   */
  recordEnd(outcome: Outcome, usage: Usage | undefined): void {
    const { provider, model } = this.name;
    this.instruments.calls.inc({ workflow: this.workflow, provider, model, outcome });
    this.instruments.callDuration.observe({ provider, model }, this.#measureSeconds());
    if (usage !== undefined) this.#count(usage);
  }

  #count({ prompt_tokens, completion_tokens, prompt_tokens_details, completion_tokens_details }: Usage): void {
    const counts = {
      input: prompt_tokens,
      cached_input: prompt_tokens_details?.['cached_tokens'],
      output: completion_tokens,
      reasoning: completion_tokens_details?.['reasoning_tokens'],
    };
    const { provider, model } = this.name;
    for (const [kind, count] of Object.entries(counts)) {
      // An upstream may send anything, and a counter throws on what is not a count.
      if (count === undefined || !Number.isFinite(count) || count <= 0) continue;
      this.instruments.tokens.inc({ workflow: this.workflow, provider, model, kind }, count);
    }
  }

  #measureSeconds(): number {
    return (this.clock.monotonic() - this.#startedAt) / 1_000;
  }
}
