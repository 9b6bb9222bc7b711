import { countLostTokens, type LostUsage } from '../../engine/index.js';
import type { Usage } from '../../models/index.js';
import type { QueuedPermit } from '../run-options.js';

/** The tokens of a run, each reported to its permit once, whichever processes have executed the run. */
export class SpentTokens {
  readonly #permit: QueuedPermit;
  /** Tokens of the stored steps, which the process that continues the run reports. */
  #keptTokens = 0;
  /** Reported before the run waited for an answer, or failed. */
  #toldTokens = 0;
  #usage: Usage | undefined;
  #untoldTokens = 0;

  constructor(permit: QueuedPermit) {
    this.#permit = permit;
  }

  get #tokens(): number {
    return (this.#usage?.total_tokens ?? 0) + this.#untoldTokens;
  }

  /** @param tokens reported before the run waited for an answer, or failed */
  goOnAfter(tokens: number): void {
    this.#toldTokens = tokens;
  }

  /** Tokens of a step that never runs again, or of repeated steps that were already reported. */
  keep(used: LostUsage): void {
    this.#keptTokens += countLostTokens(used);
  }

  /**
   * Everything that the run has used, also in earlier processes.
   * @param untoldTokens the estimate for what no model has reported
   */
  note(usage: Usage | undefined, untoldTokens = 0): void {
    this.#usage = usage;
    this.#untoldTokens = untoldTokens;
  }

  /** The run has ended, or waits. */
  endPermit(): void {
    if (this.#toldTokens === 0) this.#permit.end(this.#usage, this.#untoldTokens);
    else this.#permit.end(undefined, Math.max(0, this.#tokens - this.#toldTokens));
  }

  /** Another process, or this one later, continues the run and reports the tokens of its steps. */
  endPermitEarly(): void {
    this.#permit.end(undefined, Math.max(0, this.#tokens - this.#keptTokens));
  }
}
