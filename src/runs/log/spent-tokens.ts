import { countLostTokens, type LostUsage } from '../../engine/index.js';
import type { Usage } from '../../models/index.js';
import type { QueuedPermit } from '../run-options.js';

/** What the work on a run has used, for its permit: each token is told once, in whichever process the run was at work. */
export class SpentTokens {
  readonly #permit: QueuedPermit;
  /** Of the steps that were kept: whoever goes on with the run tells them. */
  #keptTokens = 0;
  /** Told before the run waited for an answer, or failed. */
  #toldTokens = 0;
  #usage: Usage | undefined;
  #untoldTokens = 0;

  constructor(permit: QueuedPermit) {
    this.#permit = permit;
  }

  get #tokens(): number {
    return (this.#usage?.total_tokens ?? 0) + this.#untoldTokens;
  }

  /** @param tokens were told before the run waited for an answer, or failed */
  goOnAfter(tokens: number): void {
    this.#toldTokens = tokens;
  }

  /** Of a step that never runs again, or of steps that run again and were told. */
  keep(used: LostUsage): void {
    this.#keptTokens += countLostTokens(used);
  }

  /**
   * All that the run has used, in earlier processes, too.
   * @param untoldTokens as far as no model has said how many they were
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

  /** Another process, or this one later, goes on with the run, and tells what its steps have used. */
  endPermitEarly(): void {
    this.#permit.end(undefined, Math.max(0, this.#tokens - this.#keptTokens));
  }
}
