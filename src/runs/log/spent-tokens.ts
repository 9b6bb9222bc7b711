import { countLostTokens, type LostUsage } from '../../engine/index.js';
import type { Usage } from '../../models/index.js';
import type { QueuedAdmission } from '../run-options.js';

/** The tokens of a run, each reported to its admission once, whichever processes have executed the run. */
export class SpentTokens {
  readonly #admission: QueuedAdmission;
  /** Tokens of the stored steps, which the process that continues the run reports. */
  #keptTokens = 0;
  /** Charged before the run waited for an answer, or failed. */
  #chargedTokens = 0;
  #usage: Usage | undefined;
  #unreportedTokens = 0;

  constructor(admission: QueuedAdmission) {
    this.#admission = admission;
  }

  get #tokens(): number {
    return (this.#usage?.total_tokens ?? 0) + this.#unreportedTokens;
  }

  /** @param tokens charged before the run waited for an answer, or failed */
  goOnAfter(tokens: number): void {
    this.#chargedTokens = tokens;
  }

  /** Tokens of a step that never runs again, or of repeated steps that were already reported. */
  keep(used: LostUsage): void {
    this.#keptTokens += countLostTokens(used);
  }

  /**
   * Everything that the run has used, also in earlier processes.
   * @param unreportedTokens the estimate for what no model has reported
   */
  note(usage: Usage | undefined, unreportedTokens = 0): void {
    this.#usage = usage;
    this.#unreportedTokens = unreportedTokens;
  }

  /** The run has ended, or waits. */
  endAdmission(): void {
    if (this.#chargedTokens === 0) this.#admission.end(this.#usage, this.#unreportedTokens);
    else this.#admission.end(undefined, Math.max(0, this.#tokens - this.#chargedTokens));
  }

  /** Another process, or this one later, continues the run and reports the tokens of its steps. */
  endAdmissionEarly(): void {
    this.#admission.end(undefined, Math.max(0, this.#tokens - this.#keptTokens));
  }
}
